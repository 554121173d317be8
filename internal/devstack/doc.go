// Package devstack starts what a development machine or a test lacks: a PostgreSQL server from the
// binaries at hand, and a Temporal development server built from the devserver folder of this repository.
// Both listen on the loopback interface only, and end with the program that started them.
// It runs on Linux and macOS.
package devstack
