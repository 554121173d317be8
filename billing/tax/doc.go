// Package tax decides which tax an invoice line bears, computes it, and turns recorded tax entries into returns.
//
// Three steps, all pure:
//
//   - [Determine] places one supply: who taxes it, under which registration and at which rate, or why nobody does.
//   - [Apply] groups an invoice's lines by decision, rounds the tax once per group and hands it back to the lines
//     without losing a unit.
//   - [Aggregate] sums a quarter's entries into a UK VAT or EU One Stop Shop return; [Due] says when it must be filed.
//
// The rules are data: JSON rows under rules/, each with the days it is in force, its source and the day it was
// checked there (an empty verified_on means that nobody has yet). They start at 2020-01-01, the horizon of the table
// rather than the day of each law; an earlier supply is an error. Both ends of a row and of a registration are
// inclusive, the way laws write them ("until 30 June 2025").
//
// Not covered: registration thresholds (whoever is registered charges), reduced rates other than those in
// rates.json, and every regime outside the EU and the UK. None of it is tax advice: a person approves every filing.
package tax
