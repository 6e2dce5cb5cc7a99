-- One file: rows, what is remembered of predictions, sums that wait for the hub, and the books.
CREATE TABLE meta (
    agent_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    acknowledged_ms INTEGER,
    note TEXT NOT NULL
);

CREATE TABLE specs (
    id INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    spec BLOB NOT NULL,
    current INTEGER NOT NULL
);

-- Raw rows as they were encoded; deleted by the step that folds them.
CREATE TABLE batches (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    rows INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE predictions (
    place INTEGER PRIMARY KEY,
    spec INTEGER NOT NULL,
    id TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    record BLOB NOT NULL
);
CREATE UNIQUE INDEX predictions_by_id ON predictions (id, spec);
CREATE INDEX predictions_by_end ON predictions (expires_ms);

-- Sums that the hub does not have. Those with a flight are in the export under way. A sum of fewer
-- than rows_min rows waits for company; a bare one has yet to be sealed (noised).
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    segment INTEGER NOT NULL,
    section TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    length_s INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    opened_ms INTEGER NOT NULL,
    ready_ms INTEGER NOT NULL,
    rows_min INTEGER NOT NULL,
    bare INTEGER NOT NULL,
    flight INTEGER,
    vector BLOB NOT NULL
);
CREATE INDEX outbox_by_window ON outbox (model_id, start_s, section, segment);
CREATE INDEX outbox_by_time ON outbox (ready_ms) WHERE flight IS NULL;
CREATE INDEX outbox_lonely ON outbox (start_s) WHERE flight IS NULL AND rows < rows_min;
CREATE INDEX outbox_under_way ON outbox (flight) WHERE flight IS NOT NULL;

CREATE TABLE ledger (
    model_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    recorded INTEGER NOT NULL DEFAULT 0,
    folded INTEGER NOT NULL DEFAULT 0,
    acknowledged INTEGER NOT NULL DEFAULT 0,
    duplicate_ids INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (model_id, stream)
);

CREATE TABLE drops (
    model_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    reason TEXT NOT NULL,
    rows INTEGER NOT NULL,
    PRIMARY KEY (model_id, stream, reason)
);
