-- What is kept of single devices: rows by group in the windows that they report to now, and in the
-- few windows of which they are the farthest from the reference. See sqlite/fleet.py.
CREATE TABLE device_windows (
    window_id INTEGER NOT NULL REFERENCES windows (id) ON DELETE CASCADE,
    agent_id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    start_s INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    feature TEXT NOT NULL,
    distance REAL NOT NULL,
    score REAL NOT NULL,
    counts BLOB NOT NULL,
    PRIMARY KEY (window_id, agent_id)
);
CREATE INDEX device_windows_farthest ON device_windows (window_id, score);
CREATE INDEX device_windows_by_agent ON device_windows (agent_id, model_id, start_s);

-- How a device stood to its fleet in the latest window that was judged; one row for each model.
CREATE TABLE device_verdicts (
    agent_id TEXT NOT NULL,
    model_id TEXT NOT NULL REFERENCES models (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    start_s INTEGER NOT NULL,
    length_s INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    feature TEXT NOT NULL,
    distance REAL NOT NULL,
    p_value REAL NOT NULL,
    unlike INTEGER NOT NULL,
    PRIMARY KEY (agent_id, model_id)
);
CREATE INDEX device_verdicts_by_model ON device_verdicts (model_id);
