/** The state of tasks in SQLite: plain rows, blocks of dense lists, alarms. `task` is a number that the owner of the file gives. */
export const STATE_TABLES = `
  CREATE TABLE state (
    task INTEGER NOT NULL, key TEXT NOT NULL, list TEXT NOT NULL, at INTEGER NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (task, key, list, at, id)
  ) WITHOUT ROWID;
  CREATE TABLE blocks (
    task INTEGER NOT NULL, key TEXT NOT NULL, list TEXT NOT NULL, block INTEGER NOT NULL, bytes BLOB NOT NULL,
    PRIMARY KEY (task, key, list, block)
  ) WITHOUT ROWID;
  CREATE TABLE alarms (task INTEGER NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (task, key)) WITHOUT ROWID;
  CREATE INDEX alarms_in_time ON alarms (task, at, key);
`
