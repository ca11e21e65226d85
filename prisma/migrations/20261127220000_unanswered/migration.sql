-- What nobody has answered yet has no label: it is collected before there is a model.
alter table prediction alter column label drop not null;
