-- References of segments: 0 is every row. A primary key cannot be widened, so the table is copied.
CREATE TABLE segment_references (
    digest BLOB NOT NULL REFERENCES specs (digest) ON DELETE CASCADE,
    dataset TEXT NOT NULL,
    segment INTEGER NOT NULL,
    section TEXT NOT NULL,
    rows INTEGER NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (digest, dataset, segment, section)
);
INSERT INTO segment_references SELECT digest, dataset, 0, section, rows, vector
FROM reference_vectors;
DROP TABLE reference_vectors;
ALTER TABLE segment_references RENAME TO reference_vectors;
