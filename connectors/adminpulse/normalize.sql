-- Relations of AdminPulse to clients. Landed: landed.clients, each field as the package writes it (interface.toml).
-- Variable: inactive_words.

CREATE OR REPLACE VIEW books.clients AS
SELECT external_id, code, name, nullif(commercial_name, name) AS commercial_name,
    -- inferred: a flag tells companies from people
    CASE lower(client_type) WHEN 'true' THEN 'legal_person' WHEN 'false' THEN 'natural_person' ELSE client_type END AS client_type,
    legal_form, enterprise_number, vat_number,
    nullif(trim(concat_ws(' ', street, house_number, CASE WHEN box IS NOT NULL THEN 'bus ' || box END)), '') AS address_line_1,
    address_line_2, postcode, city, country, email, phone, language, fiscal_year_end, responsible,
    -- inferred: the words of a status (inferred.py)
    CASE WHEN ended_on IS NOT NULL
            OR list_contains(getvariable('inactive_words'), lower(coalesce(status, '')))
        THEN 'inactive' ELSE 'active' END AS status,
    client_group, office, dossier_code, officers, shareholders, extra
FROM landed.clients;
