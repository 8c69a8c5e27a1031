-- Commits that are durable and not yet in the tables: a commit is one row here, whatever it
-- changes, and the tables get many commits in one transaction later.
CREATE TABLE pending (
    no   INTEGER PRIMARY KEY,             -- as meta.commits counts them
    body BLOB NOT NULL,
    sum  BLOB NOT NULL                    -- over the body
) STRICT;
