-- Feeds that lost their beginnings: the last event that is forgotten, and the hash that the first
-- event left follows from.
ALTER TABLE feed ADD COLUMN trimmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN trimmed_hash BLOB NOT NULL
    DEFAULT x'0000000000000000000000000000000000000000000000000000000000000000';
