// Package paymentorder holds the proof that the order in which the provider's answer and its webhooks arrive, or do not,
// makes no difference to the books. It is nothing but its test.
package paymentorder
