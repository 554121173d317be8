// Package usagecsv reads usage from CSV files of any layout, row by row, and gives every event an identity that
// makes a second import of the same rows harmless.
//
// A [Mapping] says which column holds the time, which columns are meters and, if there is one, which holds an id.
// [Read] streams: broken rows are rejected by line number and reason while the rest goes on; only a file that cannot
// be understood at all (empty, header only, a mapped column missing, not UTF-8) is an error.
//
// # Identity
//
// With an id column an event is id + ":" + meter. A row that repeats an id with the same values is counted as a
// duplicate and emits nothing; with other values it is rejected.
//
// Without one, a row's identity is a hash of its mapped values in a normal form (instant in UTC, quantities without
// padding, meters by name) and how many times that same row has occurred in this file: "hash#2:meter". Importing the
// file again, or an export that overlaps it, therefore gives the same ids, and two genuinely identical rows in one
// file stay two. This needs an export to hold all or none of the rows of one instant, which one cut by time does.
// The mapped meters are part of the identity, and so are mapped amounts and dimension values: import a file with the same
// mapping each time.
//
// # Memory
//
// Constant, except for one map entry per distinct row (or id): an 8-byte hash with a 4-byte count (or an 8-byte
// hash of the values), some 25 to 50 bytes with the map's own overhead, so about 40 MB for each million rows. Two
// different rows whose 64-bit hashes collide (odds of one in 370,000 for ten million rows) would only be numbered as
// if they were repetitions.
package usagecsv
