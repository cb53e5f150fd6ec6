-- Clients of Fid-Manager, by either route. Landed: landed.clients, each field as it came. Variable: inactive_words.
-- inferred: everything, see inferred.py.

CREATE OR REPLACE VIEW books.clients AS
SELECT external_id, code, name, commercial_name, client_type, legal_form, enterprise_number, vat_number,
    nullif(trim(concat_ws(' ', street, house_number, CASE WHEN box IS NOT NULL THEN 'bte ' || box END)), '') AS address_line_1,
    address_line_2, postcode, city, country, email, phone, language, fiscal_year_end,
    -- The responsible person of the dossier, else its assistant, else the partner.
    coalesce(responsible, assistant, partner) AS responsible,
    CASE WHEN list_contains(getvariable('inactive_words'), lower(coalesce(status, ''))) THEN 'inactive' ELSE 'active' END
        AS status,
    client_group, office, dossier_code, officers, shareholders,
    CASE WHEN coalesce(assistant, partner) IS NULL THEN extra
        ELSE json_merge_patch(coalesce(extra, '{}'),
            json_object('assistant', assistant, 'partner', partner))::VARCHAR END AS extra
FROM landed.clients;
