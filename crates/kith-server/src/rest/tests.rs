//! REST against a server in memory, and the table against its own documentation.
