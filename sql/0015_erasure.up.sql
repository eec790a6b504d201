-- A recipient whose address a person had erased (`notifyctl user erase`): since when.
ALTER TABLE message_recipients ADD COLUMN erased_at timestamptz(3);
