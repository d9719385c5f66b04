// Package telemetry makes the logger and the metrics registry that the whole server shares. It knows no part of the
// server: who logs or counts something brings the words along.
package telemetry
