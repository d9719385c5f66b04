// Package service is what Parley does: one struct for each noun, one method for each thing a person can do. A method authorises, runs one
// transaction of the store, and announces after the commit. It knows no transport, no wire types, no SQL and no configuration.
package service
