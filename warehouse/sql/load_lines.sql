-- The lines of a load: those of the bench take the place of those of the dossier's window in the attached warehouse wh.
-- Variables: dossier_id, link_id, sync_id.

DELETE FROM wh.ledger.journal_lines
WHERE dossier_id = getvariable('dossier_id') AND fiscal_year NOT IN (SELECT label FROM work.kept_labels);
INSERT INTO wh.ledger.journal_lines BY NAME
SELECT getvariable('dossier_id') AS dossier_id, l.*, getvariable('link_id') AS link_id, getvariable('sync_id') AS sync_id
FROM work.journal_lines l;
