-- One file: rows, what is remembered of predictions, sums that wait for the hub, and the books.
-- `seal` is a checksum of the row's other cells but its key (see SEALED in connection.py). A row that
-- has changed by itself cannot be updated or deleted: whoever meets it finds the damage.
CREATE TABLE meta (
    agent_id TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    in_flight INTEGER NOT NULL,
    acknowledged_ms INTEGER,
    note TEXT NOT NULL,
    -- How many sums are under way, how many transactions there were, a checksum of the books.
    flight_items INTEGER NOT NULL DEFAULT 0,
    commits INTEGER NOT NULL DEFAULT 0,
    seal INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE specs (
    id INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    spec BLOB NOT NULL,
    current INTEGER NOT NULL,
    seal INTEGER NOT NULL AS (seal(model_id, digest, spec, current)) STORED
);

-- Raw rows as they were encoded; deleted by the step that folds them.
CREATE TABLE batches (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    rows INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    body BLOB NOT NULL,
    seal INTEGER NOT NULL AS (seal(model_id, stream, rows, received_ms, body)) STORED
);

CREATE TABLE predictions (
    place INTEGER PRIMARY KEY,
    spec INTEGER NOT NULL,
    id TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    record BLOB NOT NULL,
    seal INTEGER NOT NULL AS (seal(spec, id, start_s, expires_ms, record)) STORED
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
    offset_ms INTEGER NOT NULL,
    rows_min INTEGER NOT NULL,
    bare INTEGER NOT NULL,
    flight INTEGER,
    vector BLOB NOT NULL,
    seal INTEGER NOT NULL AS (
        seal(
            model_id, digest, segment, section, start_s, length_s, rows,
            opened_ms, ready_ms, offset_ms, rows_min, bare, flight, vector
        )
    ) STORED
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

CREATE TRIGGER batches_delete BEFORE DELETE ON batches
WHEN OLD.seal IS NOT seal(OLD.model_id, OLD.stream, OLD.rows, OLD.received_ms, OLD.body)
BEGIN SELECT RAISE(ABORT, 'a row has changed by itself'); END;

CREATE TRIGGER outbox_update BEFORE UPDATE ON outbox
WHEN OLD.seal IS NOT seal(
    OLD.model_id, OLD.digest, OLD.segment, OLD.section, OLD.start_s, OLD.length_s, OLD.rows,
    OLD.opened_ms, OLD.ready_ms, OLD.offset_ms, OLD.rows_min, OLD.bare, OLD.flight, OLD.vector
)
BEGIN SELECT RAISE(ABORT, 'a row has changed by itself'); END;

CREATE TRIGGER outbox_delete BEFORE DELETE ON outbox
WHEN OLD.seal IS NOT seal(
    OLD.model_id, OLD.digest, OLD.segment, OLD.section, OLD.start_s, OLD.length_s, OLD.rows,
    OLD.opened_ms, OLD.ready_ms, OLD.offset_ms, OLD.rows_min, OLD.bare, OLD.flight, OLD.vector
)
BEGIN SELECT RAISE(ABORT, 'a row has changed by itself'); END;
