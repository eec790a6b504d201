INSERT INTO dispatch (message_id, n, lane, due_at, user_key)
SELECT r.message_id, r.n, u.lane, u.due_at, u.user_key
  FROM dispatch_runs u JOIN message_recipients r ON r.message_id = u.message_id AND r.n >= u.first
   AND r.platform = (enum_range(NULL::platform))[u.lane / 3 + 1]
 WHERE r.status IN ('pending', 'queued', 'sending')
ON CONFLICT DO NOTHING;
DROP TABLE dispatch_runs;
