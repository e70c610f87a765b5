-- A dry run may hold locks between two statements, as no other call does. If the server stops in between, the database
-- ends the transaction.
SELECT pg_catalog.set_config('statement_timeout', '10s', true),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '2s', true)
