-- One fault, one failed check. Checks stand on one another: a line that is missing unbalances its entry, its year and the
-- ledger, and differs from the package. What fails on a floor above a blocking failure is not judged.
-- In totals mode nothing is said of lines, because there are none.

UPDATE work.check_results SET passed = NULL, detail = 'no lines are read in totals mode'
WHERE getvariable('mode') = 'totals' AND check_name IN (
    'ledger_balances', 'years_balance', 'closed_years_balance', 'entries_balance', 'line_keys_unique', 'lines_complete',
    'lines_in_years', 'periods_known', 'headings_unposted'
);

CREATE TABLE work.floors AS
FROM (VALUES
    ('year_labels_unique', 1), ('line_keys_unique', 1), ('lines_complete', 1), ('counts_complete', 1),
    ('years_continuous', 2),
    ('lines_in_years', 3),
    ('entries_balance', 4),
    ('years_balance', 5), ('closed_years_balance', 5), ('package_adds_up', 5),
    ('ledger_balances', 6), ('balances_add_up', 6),
    ('equals_package', 7),
    ('opening_continues', 8), ('opening_stands', 8), ('closed_years_stand', 8), ('periods_known', 8), ('sides_usual', 8)
) f(check_name, floor);

UPDATE work.check_results SET passed = NULL, detail = 'not judged while ' || b.names || ' fails'
FROM (
    SELECT min(floor) AS floor, arg_min(check_name, floor) AS names
    FROM work.check_results JOIN work.floors USING (check_name)
    WHERE severity = 'error' AND passed = false
) b, work.floors f
WHERE f.check_name = check_results.check_name AND f.floor > b.floor AND check_results.passed = false;

-- A check that is not judged measured nothing.
UPDATE work.check_results SET value = NULL WHERE passed IS NULL;
