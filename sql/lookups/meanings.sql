-- DuckDB's own lists of columns, tables and views, with the meanings as comments: select column_name, comment from duckdb_columns() where
-- table_name = 'variant_record'. Two thousand "comment on" statements would say the same, and cost a second each time that a store is opened.
create or replace macro duckdb_columns() as table
    select c.* replace (coalesce(c.comment, m.meaning) as comment)
    from system.main.duckdb_columns() as c
    left join meaning as m
        on m.column_name = c.column_name
        and not c.internal
        -- The splits of a task have the columns of its examples.
        and m.table_name = case when c.schema_name in ('main', 'history') then c.table_name else c.schema_name || '.examples' end;

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
    left join meaning as m
        on m.column_name is null
        and not v.internal
        and m.table_name = case when v.schema_name in ('main', 'history') then v.view_name else v.schema_name || '.' || v.view_name end;
