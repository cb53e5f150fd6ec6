-- The two roles of a team's database, and no right more than each needs. For an administrator of the server, once per
-- database, before `grandlivre init`; safe to repeat. A superuser is not needed: CREATEROLE and owning the database do.
--
--   psql -d grandlivre -f deploy/postgres/roles.sql
--   psql -d grandlivre -c '\password grandlivre_loader'
--
-- grandlivre_loader    what Grandlivre itself signs in as: owns the schemas ledger, registry and dagster, and nothing else
-- grandlivre_analyst   reads schema ledger; give it to people: CREATE ROLE eva LOGIN PASSWORD '...' IN ROLE grandlivre_analyst

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grandlivre_loader') THEN
        CREATE ROLE grandlivre_loader LOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grandlivre_analyst') THEN
        CREATE ROLE grandlivre_analyst NOLOGIN;
    END IF;
    -- `grandlivre query` asks as an analyst, whoever it signed in as.
    GRANT grandlivre_analyst TO grandlivre_loader;
    -- Nobody comes in, or makes tables, for being merely known to the server.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO grandlivre_loader', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO grandlivre_analyst', current_database());
    -- Dagster makes its tables in the first schema of the path.
    EXECUTE format('ALTER ROLE grandlivre_loader IN DATABASE %I SET search_path = dagster', current_database());
    -- Making a schema for a role takes being a member of it.
    EXECUTE format('GRANT grandlivre_loader TO %I', current_user);
END
$$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE SCHEMA IF NOT EXISTS ledger AUTHORIZATION grandlivre_loader;
CREATE SCHEMA IF NOT EXISTS registry AUTHORIZATION grandlivre_loader;
CREATE SCHEMA IF NOT EXISTS dagster AUTHORIZATION grandlivre_loader;

GRANT USAGE ON SCHEMA ledger TO grandlivre_analyst;
GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO grandlivre_analyst;
ALTER DEFAULT PRIVILEGES FOR ROLE grandlivre_loader IN SCHEMA ledger GRANT SELECT ON TABLES TO grandlivre_analyst;
