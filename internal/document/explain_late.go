package document

import (
	"github.com/shopspring/decimal"

	"github.com/perennial-billing/perennial/billing/money"
)

// alreadyBilled is what earlier invoices billed of the usage that the line is priced with.
func (l *lineFacts) alreadyBilled() string {
	text := l.explained.AlreadyBilled
	number, err := decimal.NewFromString(text)
	if err != nil {
		return text
	}
	amount, err := money.FromDecimal(number, l.currency)
	if err != nil {
		return text
	}
	return l.Money(amount)
}

// late is the usage of earlier periods.
func (l *lineFacts) late() string {
	quantity, err := decimal.NewFromString(l.explained.Late)
	if err != nil {
		return l.explained.Late
	}
	return l.Number(quantity)
}
