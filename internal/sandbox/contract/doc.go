// Package contract puts a validator between a Stripe client and the sandbox: a proxy that holds every request and every
// answer to Stripe's published OpenAPI description, and every event of the sandbox as well.
//
// A test that reaches the sandbox through Between fails when the sandbox sends a field that Stripe does not have, leaves
// out one that Stripe always sends, sends a value of another type or outside an enumeration, or accepts a parameter that
// Stripe would refuse. Whatever a suite makes the client do is checked; the tests need not know.
//
// The description comes with stripe-mock, Stripe's own stand-in, of which nothing else is used. Of the versions that can
// be had as a Go module the nearest to ours is 2024-09-30.acacia; differences.go lists in what it differs.
//
// Only tests may import this package: the description is a file of 6 MB that has no business in a program.
package contract
