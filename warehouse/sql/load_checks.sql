-- The check results of a load, of books and of client lists alike. Variables: dossier_id, sync_id.

-- Results of the last loads stay for comparison; older ones would only pile up.
DELETE FROM wh.ledger.check_results
WHERE dossier_id = getvariable('dossier_id') AND sync_id NOT IN (
    SELECT sync_id FROM wh.ledger.sync_runs
    WHERE dossier_id = getvariable('dossier_id') ORDER BY sync_id DESC LIMIT 20
);
INSERT INTO wh.ledger.check_results BY NAME
SELECT getvariable('sync_id') AS sync_id, getvariable('dossier_id') AS dossier_id, c.* FROM work.check_results c;
