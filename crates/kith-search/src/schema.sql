-- Which store is followed.
CREATE TABLE meta (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL) STRICT;
-- Small numbers for ids: they are in every row.
CREATE TABLE ident (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- Up to which event each stream was read.
CREATE TABLE cursor (stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
-- The messages; their numbers grow with the time at which they were posted.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    -- How many words it has.
    words INTEGER NOT NULL,
    -- Of what is in the index, to tell whether it changed.
    hash INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_place ON message (stream, seq);
-- Their words and what else can be said of them, all as tokens. The texts themselves are in the store.
CREATE VIRTUAL TABLE token USING fts5 (
    body, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '3 4'
);
