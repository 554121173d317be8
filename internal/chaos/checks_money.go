package main

import "strings"

// chargedOnce looks at the provider's books alone: what they took for each invoice, by what we wrote into the intent.
func (b *books) chargedOnce() claim {
	c := claim{Claim: "No invoice was charged twice, and none for more than is due", Unit: "charges at the provider", Checked: len(b.theirs.Charges)}
	times, taken := map[string]int{}, map[string]int64{}
	for _, charge := range b.theirs.Charges {
		if charge.Status != "succeeded" {
			continue
		}
		invoice := charge.Metadata["invoice"]
		if invoice == "" {
			c.fault("charge %s names no invoice", charge.ID)
		}
		times[invoice]++
		taken[invoice] += charge.AmountCaptured
	}
	for invoice, n := range times {
		if n > 1 {
			c.fault("invoice %s was charged %d times", invoice, n)
		}
	}
	due := map[string]int64{}
	for _, invoice := range b.invoices {
		due[invoice.ID] = invoice.AmountDue
	}
	for invoice, amount := range taken {
		if amount > due[invoice] {
			c.fault("invoice %s: %d were taken, %d are due", invoice, amount, due[invoice])
		}
	}
	return c
}

// nothingLost compares both ways: what the provider took is on the right invoice, and what we say was paid was taken.
// Amounts are comparable as they are: the markets' currencies have the same minor units at the provider.
func (b *books) nothingLost() claim {
	c := claim{Claim: "No payment was lost: each charge is a payment of its invoice, and each payment a charge", Unit: "payments", Checked: len(b.payments)}
	ours, paid := map[string]paymentRow{}, map[string]int64{}
	for _, p := range b.payments {
		if p.Status != "succeeded" && p.Status != "failed" {
			c.fault("payment %s of invoice %s is still %s", p.ID, p.InvoiceID, p.Status)
		}
		if p.Charge != nil {
			ours[*p.Charge] = p
		} else if p.Status == "succeeded" {
			c.fault("payment %s of invoice %s succeeded without a charge", p.ID, p.InvoiceID)
		}
	}
	for _, charge := range b.theirs.Charges {
		p, known := ours[charge.ID]
		delete(ours, charge.ID)
		switch {
		case !known:
			c.fault("charge %s (%s, %d %s) for invoice %s is no payment of ours", charge.ID, charge.Status, charge.Amount, charge.Currency, charge.Metadata["invoice"])
		case p.Status != charge.Status || p.Amount != charge.Amount || !strings.EqualFold(p.Currency, charge.Currency) || p.InvoiceID != charge.Metadata["invoice"]:
			c.fault("charge %s is %s, %d %s for %s; payment %s is %s, %d %s for %s", charge.ID, charge.Status, charge.Amount, charge.Currency,
				charge.Metadata["invoice"], p.ID, p.Status, p.Amount, p.Currency, p.InvoiceID)
		case charge.Status == "succeeded":
			paid[p.InvoiceID] += charge.AmountCaptured
			if p.Fee != charge.Fee {
				c.fault("charge %s: the provider kept %d, we booked %d", charge.ID, charge.Fee, p.Fee)
			}
		}
	}
	for charge, p := range ours {
		c.fault("payment %s of invoice %s: the provider knows no charge %s", p.ID, p.InvoiceID, charge)
	}
	for _, invoice := range b.invoices {
		if invoice.AmountPaid != paid[invoice.ID] {
			c.fault("invoice %s: %d are recorded as paid, %d were taken", invoice.ID, invoice.AmountPaid, paid[invoice.ID])
		}
		if whole := invoice.AmountPaid+invoice.AmountCredited == invoice.AmountDue; whole != (invoice.Status == "paid") {
			c.fault("invoice %s is %s: %d due, %d paid, %d credited", invoice.ID, invoice.Status, invoice.AmountDue, invoice.AmountPaid, invoice.AmountCredited)
		}
	}
	return c
}

func (b *books) balanced() claim {
	c := claim{Claim: "Every transaction of the ledger balances", Unit: "postings", Checked: len(b.postings)}
	sums := map[[2]string]int64{}
	for _, p := range b.postings {
		sums[[2]string{p.Key, p.Currency}] += p.Amount
	}
	for transaction, sum := range sums {
		if sum != 0 {
			c.fault("%s is off by %d %s", transaction[0], sum, transaction[1])
		}
	}
	return c
}

// sameMoney compares the cash in our ledger with the balance at the provider, and what is in the bank or on its way there
// with what the provider has paid out.
func (b *books) sameMoney() claim {
	c := claim{
		Claim: "The ledger's cash is the provider's balance, and its bank what was paid out, to the minor unit",
		Unit:  "currencies", Checked: len(b.theirs.Totals),
	}
	held := map[string]map[string]int64{"Cash": {}, "Bank": {}}
	for _, p := range b.postings {
		if account := strings.Replace(p.Account, "PayoutsInTransit", "Bank", 1); held[account] != nil {
			held[account][strings.ToLower(p.Currency)] += p.Amount
		}
	}
	for _, total := range b.theirs.Totals {
		for account, theirs := range map[string]int64{"Cash": total.Net - total.PaidOut, "Bank": total.PaidOut} {
			if ours := held[account][total.Currency]; ours != theirs {
				c.fault("%s is %d %s at the provider, our ledger says %d", account, theirs, total.Currency, ours)
			}
			delete(held[account], total.Currency)
		}
	}
	for account, left := range held {
		for currency, amount := range left {
			c.fault("our ledger has %d %s as %s, of which the provider knows nothing", amount, currency, account)
		}
	}
	return c
}
