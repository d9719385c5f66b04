// Package archive writes the database into a file and fills an empty database from one. It knows the store's tables and rows, and nothing
// of what they mean, of settings or of the command line.
//
// # The file
//
// A gzip stream of JSON, one value a line, so that it can be read with what every machine has (zcat FILE | head), now and in twenty years:
//
//	{"format":"parley-backup","version":1,"schema":2,"engine":"sqlite",…,"tables":[{"name":"users","columns":[…],"key":["id"]},…]}
//	[1,"maya",…]                              one array a row, in the order of the columns; rows in the order of the key, tables in that of the header
//	{"table":"users","rows":1,"sha256":"…"}   after the last row of each table
//	{"tables":5,"rows":91,"sha256":"…"}       after the last table: the hash of every byte before this line
//
// Integers are JSON numbers, bytes are base64, text is what it is. Rows are the canonical text of package store, the same bytes from both
// engines, so a backup of a copy in the other engine differs in its header only.
//
// # What may go wrong
//
// Restore reads the whole file first and refuses one that is cut off, altered, foreign or from a newer schema before it writes anything.
// Then it fills the database in one transaction while it checks the file again, and commits only if that ended as well. The hashes find
// accidents. They are no signature: whoever can write the file can write the hashes.
package archive
