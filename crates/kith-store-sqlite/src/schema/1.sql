-- Never change this text once it was released: a database made by it must open for ever.
CREATE TABLE meta (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    epoch   INTEGER NOT NULL,             -- 64 bits, of which the highest is the sign here
    commits INTEGER NOT NULL              -- transactions since the database was made
) STRICT;

CREATE TABLE feed (
    no   INTEGER PRIMARY KEY CHECK (no BETWEEN 1 AND 2147483647),
    name TEXT NOT NULL UNIQUE,
    last INTEGER NOT NULL,                -- the number of its last event
    hash BLOB NOT NULL                    -- the hash of its last event
) STRICT;

-- The id is feed.no * 2^32 + seq: one small key, unique, in the order of reading, and the rows of
-- a feed lie together without a second index to maintain.
CREATE TABLE event (
    id   INTEGER PRIMARY KEY,
    body TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE document (
    collection TEXT NOT NULL,
    key        TEXT NOT NULL,
    body       TEXT NOT NULL,
    sum        BLOB NOT NULL,             -- over collection, key and body: SQLite has no checksums
    PRIMARY KEY (collection, key)
) STRICT, WITHOUT ROWID;
