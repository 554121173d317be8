// Package dunning decides what to do next about an unpaid invoice: try the card again and when, wait for the
// customer, or give up. It is a pure function of the recorded attempts, so that a redelivered webhook or a replay
// cannot advance the ladder.
//
// A decline has a class ([Classify]), and the class decides:
//
//   - hard: never the same method again; wait for another one.
//   - needs_customer: only the customer can help (authentication, an expired card); wait.
//   - soft_funds: retried on the policy's days at 10:00 in the customer's zone.
//   - soft_opaque: retried on the policy's days at hours that change from one attempt to the next.
//   - soft_technical: retried within hours (Policy.TechnicalRetryHours), then like the others.
//
// Nothing is retried between 00:00 and 05:00 local time, when issuers decline markedly more. Before any retry the card
// networks' limits are checked ([Caps]); a retry they do not allow yet is moved, never dropped silently.
//
// A bank debit has rules of its own, by its kind (rules/debits.json). What its bank says has a class ([ClassifyReturn]):
//
//   - funds: presented again as often as the scheme allows, some business days after the return; then never.
//   - account, unauthorised: never again, and for later invoices neither, until the customer gives another method or mandate.
//   - other: not again for this invoice.
//   - not_presented: the bank was never asked; wait for the customer.
//
// The policy's days then count from the latest return, not from a debit about which the bank was still silent.
package dunning
