-- Monitors, what they found, the alerts that followed, and every change of an alert.
CREATE TABLE monitors (
    id TEXT PRIMARY KEY,
    model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    metric TEXT NOT NULL,
    feature TEXT,
    segment INTEGER NOT NULL,
    rule TEXT NOT NULL,
    lower_threshold REAL,
    upper_threshold REAL,
    minimum_rows INTEGER NOT NULL,
    for_windows INTEGER NOT NULL,
    resolve_windows INTEGER NOT NULL,
    severity TEXT NOT NULL,
    active INTEGER NOT NULL,
    email TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
);
CREATE INDEX monitors_by_model ON monitors (model_id);

CREATE TABLE evaluations (
    monitor_id TEXT NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    segment INTEGER NOT NULL,
    start_s INTEGER NOT NULL,
    length_s INTEGER NOT NULL,
    digest BLOB NOT NULL,
    model_id TEXT NOT NULL,
    findings TEXT NOT NULL,
    PRIMARY KEY (monitor_id, segment, start_s, length_s, digest)
);

CREATE TABLE alerts (
    fingerprint TEXT PRIMARY KEY,
    monitor_id TEXT NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_ms INTEGER NOT NULL,
    alert TEXT NOT NULL
);
CREATE INDEX alerts_by_monitor ON alerts (monitor_id);
CREATE INDEX alerts_by_model ON alerts (model_id, updated_ms);

-- A cursor is given out once and only grows.
CREATE TABLE alert_events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT,
    model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    change TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    alert TEXT NOT NULL
);
CREATE INDEX alert_events_by_model ON alert_events (model_id);
