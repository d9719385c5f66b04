// Package store is the only place that knows SQL. One concrete Store serves both engines, SQLite and Postgres, through one set of portable
// queries (queries/*.sql, generated into package query) and one schema (migrations). It knows values of package chat and nothing of who
// may do what, of transports or of announcements.
package store
