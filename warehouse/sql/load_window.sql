-- What a load leaves alone and how much it takes out. Apart from the load itself, because one DuckDB transaction
-- writes to one database only. Variables: dossier_id, load_since.

CREATE OR REPLACE TABLE work.kept_labels AS
SELECT label FROM wh.ledger.fiscal_years
WHERE dossier_id = getvariable('dossier_id') AND getvariable('load_since') IS NOT NULL
    AND start_date < getvariable('load_since');

CREATE OR REPLACE TABLE work.load_counts AS
SELECT (SELECT count(*) FROM work.journal_lines) AS inserted, count(*) AS deleted
FROM wh.ledger.journal_lines
WHERE dossier_id = getvariable('dossier_id') AND fiscal_year NOT IN (SELECT label FROM work.kept_labels);
