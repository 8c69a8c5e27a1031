-- Which store is followed.
CREATE TABLE meta (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL) STRICT;
-- Small numbers for ids: they are in every row.
CREATE TABLE ident (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
-- Whose the streams are: a circle's, two users', or nobody's of these.
CREATE TABLE home (stream INTEGER PRIMARY KEY, circle INTEGER, low INTEGER, high INTEGER) STRICT;
-- Up to which event each stream was read.
CREATE TABLE cursor (stream INTEGER PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
-- The messages; their numbers grow with the time at which they were posted.
CREATE TABLE message (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    author INTEGER NOT NULL,
    -- What else can be said of it: a bit for each.
    marks INTEGER NOT NULL,
    -- How many words it has.
    words INTEGER NOT NULL,
    -- Of what is in the index, to tell whether it changed.
    hash INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX message_place ON message (stream, seq);
-- Their words and what else can be said of them, all as tokens. The texts themselves are in the store.
-- Their numbers here go down with time, so that the newest come first: FTS5 reads forward faster.
CREATE VIRTUAL TABLE token USING fts5 (
    body, content = '', contentless_delete = 1, tokenize = 'ascii', prefix = '3 4'
);
