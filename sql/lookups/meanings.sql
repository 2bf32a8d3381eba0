-- DuckDB's own lists of columns, tables and views, with the meanings as comments: select column_name, comment from duckdb_columns() where
-- table_name = 'variant_record'. Two thousand "comment on" statements would say the same, and cost a second each time that a store is opened.
create or replace macro duckdb_columns() as table
    select c.* replace (coalesce(c.comment, m.meaning) as comment)
    from system.main.duckdb_columns() as c
    left join meaning as m
        on m.table_name = c.table_name and m.column_name = c.column_name and not c.internal and c.schema_name in ('main', 'history');

create or replace macro duckdb_tables() as table
    select t.* replace (coalesce(t.comment, m.meaning) as comment)
    from system.main.duckdb_tables() as t
    left join meaning as m on m.table_name = t.table_name and m.column_name is null and not t.internal and t.schema_name = 'main';

create or replace macro duckdb_views() as table
    select
        v.* replace (
            coalesce(v.comment, m.meaning || case v.schema_name when 'history' then ' Every version of every source.' else '' end) as comment
        )
    from system.main.duckdb_views() as v
    left join meaning as m on m.table_name = v.view_name and m.column_name is null and not v.internal and v.schema_name in ('main', 'history');
