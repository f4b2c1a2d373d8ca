-- The outbox's tables, version 1. Run it as often as you like, in the schema where the tables shall be.

-- The appends that wait for the relay: each is what one command did to one aggregate, stored all or none.
CREATE TABLE IF NOT EXISTS headwater_outbox (
    -- Drawn while the aggregate is locked: so its order is the order of the commits, for each aggregate.
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The filter of the aggregate's subjects: evt.<domain>.<aggregate>.*.<id>
    aggregate text COLLATE "C" NOT NULL,
    source text NOT NULL,
    command text NOT NULL,
    -- An array of CloudEvents in structured mode; `json` keeps their text to the byte.
    events json NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- What a transaction locks until it ends, so that others enqueue for the same aggregate after it.
CREATE TABLE IF NOT EXISTS headwater_outbox_aggregates (
    aggregate text COLLATE "C" PRIMARY KEY,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (fillfactor = 80);

-- The commands that have been enqueued, until they are forgotten.
CREATE TABLE IF NOT EXISTS headwater_outbox_commands (
    source text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    -- The subjects of the command's events, in their order.
    subjects text[] NOT NULL,
    enqueued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, id)
);

-- What the relay knows of the aggregates in the stream. Services don't write here, so that an open
-- transaction of theirs never holds up the relay.
CREATE TABLE IF NOT EXISTS headwater_outbox_relayed (
    aggregate text COLLATE "C" PRIMARY KEY,
    -- The sequence of the aggregate's last event of this outbox; 0 when there is none yet.
    sequence bigint NOT NULL,
    -- Why an append was refused. What waits for the aggregate stays until this is cleared.
    refusal text,
    refused_position bigint,
    refused_at timestamptz
) WITH (fillfactor = 80);

CREATE TABLE IF NOT EXISTS headwater_outbox_version (
    version integer PRIMARY KEY,
    migrated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

INSERT INTO headwater_outbox_version (version) VALUES (1) ON CONFLICT DO NOTHING;
