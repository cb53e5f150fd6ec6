-- The clients that shall stand for a list, what changed, and what is doubtful about them.
-- In: books.clients (what the room makes of the package's list), work.client_values (numbers, languages and year ends in
-- one form, see clients.py), work.stood (what stood for the list). Variables: list_id, firm_id, connection_id, software,
-- moment, cause. Out: work.clients, work.client_changes, work.check_results.

CREATE TABLE work.told AS
SELECT getvariable('firm_id') AS firm_id, getvariable('list_id') || '/' || b.external_id AS client_id,
    getvariable('list_id') AS list_id, getvariable('connection_id') AS connection_id, getvariable('software') AS software,
    b.* REPLACE (
        v.vat_number AS vat_number, v.enterprise_number AS enterprise_number, v.country AS country,
        v.language AS language, v.fiscal_year_end AS fiscal_year_end, coalesce(b.status, 'active') AS status
    ),
    NULL::TIMESTAMP AS removed_at
FROM books.clients b
JOIN work.client_values v ON v.external_id = b.external_id;

-- Of another connection the clients are others, whatever they are called: they go, and nothing is compared.
CREATE TABLE work.before_clients AS FROM work.stood WHERE connection_id = getvariable('connection_id');

-- Nothing vanishes: a client that is no longer listed stays as it was told last.
CREATE TABLE work.clients AS
FROM work.told
UNION ALL BY NAME
SELECT * REPLACE ('removed' AS status, coalesce(removed_at, getvariable('moment')) AS removed_at)
FROM work.before_clients WHERE client_id NOT IN (SELECT client_id FROM work.told);

CREATE TABLE work.client_changes AS
WITH fields_before AS (
    UNPIVOT (SELECT * EXCLUDE (firm_id, list_id, connection_id, software, external_id, removed_at) FROM work.before_clients)
    ON COLUMNS(* EXCLUDE client_id) INTO NAME field VALUE told
), fields_now AS (
    UNPIVOT (SELECT * EXCLUDE (firm_id, list_id, connection_id, software, external_id, removed_at) FROM work.clients)
    ON COLUMNS(* EXCLUDE client_id) INTO NAME field VALUE told
)
SELECT client_id,
    CASE WHEN field <> 'status' THEN 'changed' WHEN n.told = 'removed' THEN 'removed'
        WHEN b.told = 'removed' THEN 'returned' ELSE 'changed' END AS change,
    field, b.told AS old_value, n.told AS new_value
FROM fields_before b
FULL JOIN fields_now n USING (client_id, field)
WHERE client_id IN (SELECT client_id FROM work.before_clients) AND b.told IS DISTINCT FROM n.told
UNION ALL
SELECT client_id, 'added', NULL, NULL, NULL FROM work.told
WHERE (SELECT count(*) FROM work.before_clients) > 0 AND client_id NOT IN (SELECT client_id FROM work.before_clients);

CREATE TABLE work.check_results (
    check_name VARCHAR, severity VARCHAR, passed BOOLEAN, value DECIMAL(20,4), detail VARCHAR
);

INSERT INTO work.check_results
SELECT 'client_ids_unique', 'error', count(*) = 0, count(*),
    CASE WHEN count(*) = 0 THEN 'every client comes once'
        ELSE count(*) || ' ids come twice, such as ' || array_to_string(list_slice(list(client_id ORDER BY client_id), 1, 5), ', ') END
FROM (SELECT client_id FROM work.told GROUP BY client_id HAVING count(*) > 1);

CREATE TABLE work.doubts AS
SELECT 'clients_named' AS check_name, coalesce(name, code, external_id) AS who FROM work.told
WHERE name IS NULL OR code IS NULL
UNION ALL
SELECT 'codes_unique', code FROM work.told WHERE status = 'active' AND code IS NOT NULL GROUP BY code HAVING count(*) > 1
UNION ALL
SELECT 'numbers_valid', coalesce(code, external_id) || ' (' || told_number || ')' FROM work.client_values
WHERE NOT valid
UNION ALL
SELECT 'numbers_unique', enterprise_number || ' (' || string_agg(coalesce(code, external_id), ', ' ORDER BY code) || ')'
FROM work.told WHERE enterprise_number IS NOT NULL GROUP BY enterprise_number HAVING count(*) > 1
UNION ALL
SELECT 'year_ends_known', coalesce(code, external_id) || ' (' || told_year_end || ')' FROM work.client_values
WHERE told_year_end IS NOT NULL AND fiscal_year_end IS NULL;

INSERT INTO work.check_results
SELECT c.check_name, 'warning', count(d.who) = 0, count(d.who),
    CASE WHEN count(d.who) = 0 THEN c.fine
        ELSE count(d.who) || ' ' || c.doubtful || ', such as '
            || array_to_string(list_slice(list(d.who ORDER BY d.who) FILTER (d.who IS NOT NULL), 1, 5), '; ') END
FROM (VALUES
    ('clients_named', 'every client has a name and a code', 'clients have no name or no code'),
    ('codes_unique', 'no two active clients have one code', 'codes are those of several clients'),
    ('numbers_valid', 'enterprise and VAT numbers are valid', 'clients have numbers that cannot be right'),
    ('numbers_unique', 'no two clients have one enterprise number', 'enterprise numbers are those of several clients, and tie none to a dossier'),
    ('year_ends_known', 'fiscal year ends are understood', 'fiscal year ends are not understood')
) c(check_name, fine, doubtful)
LEFT JOIN work.doubts d USING (check_name)
GROUP BY c.check_name, c.fine, c.doubtful;

INSERT INTO work.check_results
SELECT 'clients_remain', 'warning', CASE WHEN (SELECT count(*) FROM work.before_clients) > 0 THEN count(*) = 0 END,
    CASE WHEN (SELECT count(*) FROM work.before_clients) > 0 THEN count(*) END,
    CASE WHEN (SELECT count(*) FROM work.before_clients) = 0 THEN 'first list: nothing to compare with'
        WHEN count(*) = 0 THEN 'every client of the list before is still in it'
        ELSE count(*) || ' clients are no longer listed, such as '
            || array_to_string(list_slice(list(coalesce(b.code, b.external_id) || ' ' || coalesce(b.name, '') ORDER BY b.code), 1, 5), '; ') END
FROM work.client_changes c JOIN work.before_clients b USING (client_id) WHERE c.change = 'removed';
