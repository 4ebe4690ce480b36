-- A model of the host may have the name of a demo model.
select 1 as wings
