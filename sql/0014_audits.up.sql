-- What whole audits of conservation found (`notifyctl audit`), the last hundred: accepted recipients
-- are final, live or lost.  Whoever tells metrics reads the last row.
CREATE TABLE audits (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz(3) NOT NULL,  -- of the snapshot
    messages   bigint NOT NULL,
    accepted   bigint NOT NULL,
    final      bigint NOT NULL,
    live       bigint NOT NULL,
    lost       bigint NOT NULL,
    orphaned   bigint NOT NULL,
    miscounted bigint NOT NULL,
    overdue    bigint NOT NULL
);
