-- The load of a client list: the clients on the bench take the place of those of the list in the attached warehouse wh.
-- Runs inside one transaction. Variables: dossier_id (the list), sync_id, seen_at, cause.

DELETE FROM wh.ledger.clients WHERE list_id = getvariable('dossier_id');
INSERT INTO wh.ledger.clients BY NAME FROM work.clients;

INSERT INTO wh.ledger.client_changes BY NAME
SELECT getvariable('dossier_id') AS list_id, getvariable('firm_id') AS firm_id, getvariable('sync_id') AS sync_id,
    getvariable('seen_at') AS seen_at, getvariable('cause') AS cause, c.*
FROM work.client_changes c;
