-- The k nearest neighbours of a variant or an example by a model's representations, exactly:
-- select * from nearest('my_model', 'GRCh38:chr1:1000:A:G', 10), or with in_task, of_layer and by_metric named:
-- select * from nearest('my_model', '42', 10, in_task := 'gvrep_clinvar_pathogenicity', of_layer := 'mean', by_metric := 'euclidean').
-- Without in_task the sets that are keyed by variant are asked; each layer on its own; by its set's advised metric.
--   rank       1 for the nearest; ties by id; the query itself is none of its neighbours
--   distance   cosine: 1 - similarity, and 1 where a vector is zero and has no direction; euclidean: of the vectors as they are
--   id         variant_id or example_id of the neighbour
-- Every vector of the set is read. For many queries at once lrbstore.representations.nearest gives the same, faster.
create or replace macro nearest(of_model, of_id, k, in_task := null, of_layer := null, by_metric := null) as table
    with held as (
        select r.model, r.layer, coalesce(r.example_id, r.variant_id) as id, r.vector::DOUBLE[] as vector, coalesce(by_metric, s.metric) as metric
        from representation as r
        join representation_set as s
            on s.task is not distinct from r.task and s.model = r.model and s.layer = r.layer and s.source_version = r.source_version
        where r.model = of_model and r.task is not distinct from in_task and (of_layer is null or r.layer = of_layer)
    ),
    measured as (
        select
            q.layer,
            h.id,
            case q.metric
                when 'euclidean' then list_distance(q.vector, h.vector)
                when 'cosine' then
                    case
                        when list_inner_product(q.vector, q.vector) = 0 or list_inner_product(h.vector, h.vector) = 0 then 1.0
                        else greatest(1 - list_cosine_similarity(q.vector, h.vector), 0)
                    end
                else error('unknown metric ' || q.metric || '; known: cosine, euclidean')
            end as distance
        from held as q
        join held as h on h.layer = q.layer and h.id <> q.id
        where q.id = of_id
    )
    select layer, row_number() over (partition by layer order by distance, id) as rank, distance, id
    from measured
    qualify row_number() over (partition by layer order by distance, id) <= k
    order by layer, rank;
