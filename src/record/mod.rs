//! What happened: the ledger on disk and the records that explain each decision.
