-- Models, their specs and references; the agents' ledger; windows and their partial sums.
CREATE TABLE models (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    type TEXT NOT NULL,
    target_column TEXT NOT NULL,
    granularity TEXT NOT NULL,
    labels TEXT NOT NULL,
    digest BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
);

CREATE TABLE specs (
    digest BLOB PRIMARY KEY,
    model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    spec BLOB NOT NULL
);
CREATE INDEX specs_by_model ON specs (model_id);

CREATE TABLE reference_vectors (
    digest BLOB NOT NULL REFERENCES specs (digest) ON DELETE CASCADE,
    dataset TEXT NOT NULL,
    section TEXT NOT NULL,
    rows INTEGER NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (digest, dataset, section)
);

-- One row for each stream. An epoch is 64 bits in hexadecimal.
CREATE TABLE agents (
    agent_id TEXT NOT NULL,
    epoch TEXT NOT NULL,
    last_sequence INTEGER NOT NULL,
    rejections TEXT NOT NULL,
    last_seen_ms INTEGER NOT NULL,
    version TEXT NOT NULL,
    ledgers TEXT NOT NULL,
    rows INTEGER NOT NULL,
    labelled_rows INTEGER NOT NULL,
    received_bytes INTEGER NOT NULL,
    PRIMARY KEY (agent_id, epoch)
);

-- A window is due when it was touched (revision) since it was judged and its time has come.
CREATE TABLE windows (
    id INTEGER PRIMARY KEY,
    model_id TEXT NOT NULL,
    digest BLOB NOT NULL REFERENCES specs (digest) ON DELETE CASCADE,
    segment INTEGER NOT NULL,
    start_s INTEGER NOT NULL,
    length_s INTEGER NOT NULL,
    due_s INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    judged INTEGER NOT NULL DEFAULT 0,
    partials INTEGER NOT NULL,
    UNIQUE (model_id, segment, start_s, length_s, digest)
);
CREATE INDEX windows_by_spec ON windows (digest);
CREATE INDEX windows_due ON windows (due_s) WHERE revision > judged;
CREATE INDEX windows_scattered ON windows (partials) WHERE partials > 8;

-- Append-only; the compactor replaces the partials of one window by their sum.
CREATE TABLE partials (
    id INTEGER PRIMARY KEY,
    window_id INTEGER NOT NULL REFERENCES windows (id) ON DELETE CASCADE,
    section TEXT NOT NULL,
    rows INTEGER NOT NULL,
    peak INTEGER NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX partials_by_window ON partials (window_id, section);
