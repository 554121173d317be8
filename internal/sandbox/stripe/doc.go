// Package stripe is a local server that speaks Stripe's wire protocol at API version 2024-06-20, with
// real state, so that unchanged Stripe client libraries work against it.
//
// It knows nothing of our own database: its books hold only what it was asked to do, so that they can
// contradict ours. To add a resource, write one file with its object, its collection and a function that
// returns its endpoints, list that function in routes.go, and its expandable fields in expand.go.
//
// One request is one bbolt transaction, which also stores the events it caused, their deliveries and the
// answer kept under the idempotency key: a crash leaves all of it or nothing.
//
// Two clocks run here. Objects are dated with the caller's billing time (header Perennial-As-Of), and what
// happens by itself (money becoming available, the end of an asynchronous payment or refund) happens just before the
// first request whose billing time has reached its instant, or when the admin API moves the clock there,
// and, as long as no caller has sent a billing time, when the wall clock gets there. Webhook signatures, pauses between deliveries
// and the retention of idempotency keys follow the wall clock.
//
// # Idempotency
//
// An answer is kept under its key once execution began: success, decline (402), a refusal by the state of
// an object (400, 404) and a server error (500). Not kept are a bad key (401), a rate limit (429), a
// conflict (409) and everything that the validation of parameters, amounts and currencies refuses.
// Keys are forgotten exactly 24 hours later by the wall clock, the earliest that Stripe allows itself.
//
// # How it is known to be Stripe's
//
// The tests of this package, of the activities and of the starter reach the sandbox through package contract, a proxy
// that holds every request, every answer and every event to Stripe's OpenAPI description: fields that Stripe does not
// have, required ones left out, other types, values outside an enumeration and parameters that Stripe would refuse fail the test.
// TestMain fails when an endpoint never answered through it, and TestParametersAreStripes compares all parameters,
// used or not. testdata/refused_parameters.txt lists those that Stripe knows and the sandbox refuses.
//
// # Where it is simpler than Stripe
//
//   - Every currency settles in itself unless the admin API gives a currency of settlement and rates, which then hold
//     for ever; a movement is exchanged when it is booked. Payouts are manual until the admin API makes them daily; then everything available leaves at midnight (UTC) and arrives on the next business day.
//   - The fee is 2.9 % rounded half up plus a fixed part worth about USD 0.30; refunds keep it.
//   - Money is booked when a payment succeeds, also with capture_method automatic_async, where Stripe
//     may deliver the balance transaction a moment later with charge.updated.
//   - Payment methods are cards, Link, bank debits (ACH, SEPA, Bacs, BECS, PADs), iDEAL, Bancontact and bank transfers.
//     Other kinds can be named on the pages of Checkout, and nobody can pay with them.
//     There are no legacy tokens, sources, direct charges or connected accounts. Link pays like a card that always works.
//   - A bank debit is decided when it is confirmed and told business days later (weekends count, bank holidays do not);
//     it is booked when it succeeds. The bank takes disputed debits back after ten days. Bank payments cost 0.8 %.
//     Test methods such as pm_usBankAccount_success count as linked through Financial Connections; accounts typed in by
//     number are verified by microdeposits. A blocked account is blocked as this payment method only.
//   - Search sees everything at once, where Stripe needs up to a minute, and walks through all objects. Charges, customers
//     and payment intents can be searched; as in Stripe, an exact match of a text finds its words in their order.
//   - Tax is the standard rate of one point in time (taxrates.json names sources and dates), whatever the tax date, the
//     product (only txcd_00000000 is free of tax) and the city: the United States are taxed by state alone. Sales are of
//     services: IOSS, local taxes, communications taxes and elections can be registered and tax nothing. IP addresses
//     place nobody. Countries without registrations are not_supported, and there are no products, shipping rates or lists
//     of tax codes. The account's tax settings are complete from the start.
//   - A tax id is checked by its format, and registers know every well-formed number, after two seconds, under the
//     customer's own name, except for Stripe's test values.
//   - Usage is validated when it is reported, and summed up at once: at this API version no event tells what asynchronous
//     validation finds (v1.billing.meter.error_report_triggered came later). Values are whole numbers. Summaries leave out
//     windows without usage; an adjustment is complete at once; identifiers are free again after exactly 24 hours.
//   - Seven report types run, on the sandbox's own books, two seconds after they were ordered, with data available until
//     now; what the sandbox does not have (invoices, connected accounts, trace ids) stays empty in their columns. A failed
//     payout keeps its parts in the payout reconciliation. Files are only the results of reports; none can be uploaded.
//   - Radar's lists are kept, and no rule reads them.
//   - Events can be listed for ever, not for 30 days.
//   - Checkout sells one-time prices given with the session and saves methods: there is no catalogue, and subscriptions,
//     taxes, discounts and shipping are refused. Its page offers test methods; adaptive pricing is accepted, and the
//     customer pays the session's currency. Pages use the billing time of the request that led to them.
//   - Parameters that would change what is charged and are not played (such as capture_method for cards alone,
//     application fees, transfers) are refused as unknown, never ignored; testdata/refused_parameters.txt lists them.
//   - A dispute is decided by the test texts of its evidence, right after it was submitted; other evidence stays
//     under review. A won dispute brings its fee back. Elevated risk always opens a review.
//   - Expired cards are declined in billing time; there is no account updater.
//   - A request for another API version is refused instead of translated.
//   - Pauses between webhook deliveries start at 0.2 seconds instead of minutes, and a delivery that fails
//     holds up the later ones of its endpoint, so that the order of events is kept.
package stripe
