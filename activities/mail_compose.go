package activities

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	netmail "net/mail"
	"net/url"
	"strings"
	texttemplate "text/template"

	"github.com/sendgrid/sendgrid-go/helpers/mail"

	"github.com/perennial-billing/perennial/billing/money"
	"github.com/perennial-billing/perennial/internal/document"
	"github.com/perennial-billing/perennial/internal/store"
)

//go:embed mail_notice.html
var noticeHTML string

//go:embed mail_notice.txt
var noticeText string

var (
	noticePage = htmltemplate.Must(htmltemplate.New("notice").Parse(noticeHTML))
	noticeNote = texttemplate.Must(texttemplate.New("notice").Parse(noticeText))
)

// notice is the content of a mail; both bodies say the same. In one that is about no invoice, Link is empty and Invoice has
// no more than who writes to whom.
type notice struct {
	Subject string
	Lead    string
	Facts   []noticeFact
	Closing string
	Link    string
	// Pay leads to the page on which the invoice is paid; empty when there is nothing to pay.
	Pay string
	// To is who gets the mail: who pays an invoice may not be the one in whose name it is. The buyer, if left out.
	To      document.Party
	Invoice document.Invoice
}

type noticeFact struct{ Label, Value string }

// compose makes the mail that a message in the outbox stands for.
func (m *Mailer) compose(ctx context.Context, queued store.Mail) (*mail.SGMailV3, error) {
	if queued.Template == "price_change" {
		return m.priceChange(ctx, queued)
	}
	if queued.InvoiceID == nil {
		return nil, fmt.Errorf("template %q needs an invoice and the message names none", queued.Template)
	}
	invoice, err := document.Load(ctx, m.Store, *queued.InvoiceID)
	if err != nil {
		return nil, err
	}
	content, err := m.notice(ctx, queued, invoice)
	if err != nil {
		return nil, err
	}
	content.Invoice = invoice
	if content.Link, err = url.JoinPath(m.InvoiceURL, invoice.PageKey); err != nil {
		return nil, fmt.Errorf("InvoiceURL: %w", err)
	}
	to, err := m.Store.Customer(ctx, queued.CustomerID)
	if err != nil {
		return nil, err
	}
	content.To = document.Party{Name: to.Name, Email: to.Email}
	return m.letter(queued, content)
}

func (m *Mailer) notice(ctx context.Context, queued store.Mail, invoice document.Invoice) (notice, error) {
	switch queued.Template {
	case "invoice":
		return m.invoiceNotice(ctx, queued, invoice)
	case "receipt":
		return receiptNotice(invoice), nil
	case "payment_failed":
		attempt, err := m.failedAttempt(ctx, queued)
		return m.withPay(failureNotice(invoice, attempt), invoice, err)
	case "authentication_required":
		return m.withPay(authenticationNotice(invoice), invoice, nil)
	case "debit_notice":
		return m.debitNotice(ctx, queued, invoice)
	case "transfer":
		return m.withPay(transferNotice(invoice), invoice, nil)
	}
	return notice{}, fmt.Errorf("template %q is unknown: use invoice, receipt, payment_failed, authentication_required, debit_notice, "+
		"transfer or price_change", queued.Template)
}

// letter puts a notice into an envelope. Nothing in it is tracked: links lead where they say, opening it tells nobody.
func (m *Mailer) letter(queued store.Mail, content notice) (*mail.SGMailV3, error) {
	if content.To.Email == "" {
		content.To = content.Invoice.Buyer
	}
	var page, text bytes.Buffer
	if err := errors.Join(noticePage.Execute(&page, content), noticeNote.Execute(&text, content)); err != nil {
		return nil, fmt.Errorf("template %q: %w", queued.Template, err)
	}
	from, err := netmail.ParseAddress(m.From)
	if err != nil {
		return nil, fmt.Errorf("sender %q (MAIL_FROM): %w", m.From, err)
	}
	to := mail.NewPersonalization()
	to.AddTos(mail.NewEmail(content.To.Name, content.To.Email))
	letter := mail.NewV3Mail()
	letter.SetFrom(mail.NewEmail(orDefault(from.Name, content.Invoice.Seller.Name), from.Address))
	letter.Subject = content.Subject
	letter.AddPersonalizations(to)
	letter.AddContent(mail.NewContent("text/plain", text.String()), mail.NewContent("text/html", page.String()))
	letter.AddCategories(queued.Template)
	letter.SetCustomArg("message_key", queued.MessageKey)
	letter.SetTrackingSettings(mail.NewTrackingSettings().
		SetClickTracking(mail.NewClickTrackingSetting().SetEnable(false).SetEnableText(false)).
		SetOpenTracking(mail.NewOpenTrackingSetting().SetEnable(false)))
	return letter, nil
}

// invoiceNotice tells only what is fixed when an invoice is issued, so that it is the same however late it leaves.
func invoiceNotice(inv document.Invoice) notice {
	n := notice{
		Subject: fmt.Sprintf("%s %s from %s: %s", inv.Title, inv.Number, inv.Seller.Name, inv.WriteAmount(inv.AmountDue)),
		Lead:    fmt.Sprintf("Here is your %s for %s.", strings.ToLower(inv.Title), inv.WriteSpan(inv.Period)),
		Closing: "We collect the amount due with the payment method you gave us. There is nothing you need to do.",
		Facts: []noticeFact{
			{"Number", inv.Number}, {"Issued", inv.WriteDate(inv.Issued)}, {"Total", inv.WriteAmount(inv.Total)},
		},
	}
	if inv.CarriedIn.IsPositive() {
		n.Facts = append(n.Facts, noticeFact{"From earlier invoices", inv.WriteAmount(inv.CarriedIn)})
	}
	switch {
	case inv.CreditGranted.IsPositive():
		n.Subject = fmt.Sprintf("%s %s from %s: %s", inv.Title, inv.Number, inv.Seller.Name, inv.WriteAmount(inv.CreditGranted))
		for _, offset := range inv.Offsets {
			n.Facts = append(n.Facts, noticeFact{"Used to pay " + offset.Number, inv.WriteAmount(offset.Amount)})
		}
		n.Facts = append(n.Facts, noticeFact{"Added to your credit", inv.WriteAmount(inv.Spendable())})
		n.Closing = "We use your credit for your next invoices. There is nothing you need to do."
		return n
	case inv.CreditApplied.IsPositive():
		n.Facts = append(n.Facts, noticeFact{"Credit applied", inv.WriteAmount(inv.CreditApplied.Neg())})
	}
	if inv.Prepaid.IsPositive() {
		n.Facts = append(n.Facts, noticeFact{"Paid from prepaid credit", inv.WriteAmount(inv.Prepaid.Neg())})
	}
	if inv.CarriedOut.IsPositive() {
		n.Facts = append(n.Facts, noticeFact{"Left to your next invoice", inv.WriteAmount(inv.CarriedOut.Neg())})
	}
	if inv.AmountDue.IsZero() {
		n.Closing = "There is nothing to pay."
	}
	n.Facts = append(n.Facts, noticeFact{"Amount due", inv.WriteAmount(inv.AmountDue)})
	return n
}

func receiptNotice(inv document.Invoice) notice {
	n := notice{
		Subject: fmt.Sprintf("Receipt from %s: %s for invoice %s", inv.Seller.Name, inv.WriteAmount(inv.Paid), inv.Number),
		Lead:    fmt.Sprintf("Thank you. We have received your payment of %s.", inv.WriteAmount(inv.Paid)),
		Facts:   []noticeFact{{"Invoice", inv.Number}},
		Closing: "This receipt is for your records.",
	}
	for _, payment := range inv.Payments {
		value := inv.WriteAmount(payment.Amount)
		if payment.Method != "" {
			value += ", " + payment.Method
		}
		n.Facts = append(n.Facts, noticeFact{"Paid on " + inv.WriteDate(payment.On), value})
	}
	return n
}

// failedAttempt finds the attempt that a message about a failed payment was queued for.
func (m *Mailer) failedAttempt(ctx context.Context, queued store.Mail) (store.Payment, error) {
	attempts, err := m.Store.Payments(ctx, *queued.InvoiceID)
	if err != nil {
		return store.Payment{}, err
	}
	var found store.Payment
	for _, attempt := range attempts {
		if attempt.Status == store.PaymentFailed && !attempt.AskedAt.After(queued.AsOf) {
			found = attempt
		}
	}
	return found, nil
}

func failureNotice(inv document.Invoice, attempt store.Payment) notice {
	amount := inv.AmountDue
	if attempt.Amount > 0 {
		amount = money.New(attempt.Amount, attempt.Currency)
	}
	n := notice{
		Subject: fmt.Sprintf("Payment failed for invoice %s from %s", inv.Number, inv.Seller.Name),
		Lead:    fmt.Sprintf("We could not collect %s for invoice %s: %s.", inv.WriteAmount(amount), inv.Number, declineWords(attempt.DeclineCode)),
		Facts:   []noticeFact{{"Invoice", inv.Number}, {"Issued", inv.WriteDate(inv.Issued)}, {"Amount due", inv.WriteAmount(inv.AmountDue)}},
		Closing: "Please check that your payment method is valid and has enough funds. We will confirm as soon as we have received the payment.",
	}
	if inv.Status == "paid" {
		n.Closing = "It has been paid in the meantime. There is nothing you need to do."
	}
	return n
}

// declineWords says why a payment failed as far as a customer should know: what points at fraud stays general, as
// Stripe advises for its decline codes.
func declineWords(code string) string {
	words := map[string]string{
		"authentication_required": "your bank asks you to confirm the payment",
		"card_velocity_exceeded":  "the card's limit has been reached",
		"currency_not_supported":  "the card does not support the currency",
		"expired_card":            "the card has expired",
		"incorrect_cvc":           "the card's security code is wrong",
		"incorrect_number":        "the card number is wrong",
		"insufficient_funds":      "the account has insufficient funds",
		errNoMethod:               "there is no payment method on file",
		errUnverified:             "the bank account has not been verified yet",
		errDetached:               "the payment method can no longer be used",
		errUnusable:               "the payment method can no longer be used",
		errTransferMissing:        "your bank transfer has not arrived",
		"account_closed":          "the bank account has been closed",
		"no_account":              "the bank account could not be found",
	}
	return orDefault(words[code], "your bank declined the payment")
}
