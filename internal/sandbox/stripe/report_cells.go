package stripe

import (
	"strconv"
	"strings"
	"time"
)

// cell is what stands in a column of an itemized report; what the sandbox does not have stays empty.
func (m movement) cell(column string) string {
	if kind, key := metadataColumn(column); kind != "" {
		return m.metadata(kind, key)
	}
	if local, utc := strings.CutSuffix(column, "_utc"); utc {
		m.zone, column = time.UTC, local
	}
	switch column {
	case "available_on":
		return m.date(m.t.AvailableOn)
	case "balance_transaction_id":
		return m.t.ID
	case "created":
		return m.date(m.t.Created)
	case "currency":
		return m.t.Currency
	case "description":
		return deref(m.t.Description)
	case "fee":
		return majorUnits(m.t.Fee, m.t.Currency)
	case "gross":
		return majorUnits(m.t.Amount, m.t.Currency)
	case "net":
		return majorUnits(m.t.Net, m.t.Currency)
	case "reporting_category":
		return m.t.ReportingCategory
	case "source_id":
		return deref(m.t.Source)
	}
	switch {
	case strings.HasPrefix(column, "automatic_payout_"):
		return m.partCell(column)
	case m.payout != nil:
		return m.payoutCell(column)
	case m.charge != nil:
		return m.chargeCell(column)
	}
	return ""
}

func (m movement) date(at int64) string { return time.Unix(at, 0).In(m.zone).Format(time.DateTime) }

// metadata is that of the payment, or else of its charge; or that of the refund.
func (m movement) metadata(kind, key string) string {
	switch {
	case kind == "refund" && m.refund != nil:
		return m.refund.Metadata[key]
	case kind == "payment" && m.intent != nil && len(m.intent.Metadata) > 0:
		return m.intent.Metadata[key]
	case kind == "payment" && m.charge != nil:
		return m.charge.Metadata[key]
	default:
		return ""
	}
}

func (m movement) partCell(column string) string {
	switch {
	case m.partOf == nil:
		return ""
	case column == "automatic_payout_id":
		return m.partOf.ID
	default:
		return m.date(m.partOf.ArrivalDate)
	}
}

func (m movement) payoutCell(column string) string {
	p := m.payout
	switch column {
	case "effective_at":
		return m.date(m.at)
	case "payout_description":
		return deref(p.Description)
	case "payout_destination_id":
		return p.Destination
	case "payout_expected_arrival_date":
		return m.date(p.ArrivalDate)
	case "payout_id":
		return p.ID
	case "payout_reversed_at":
		if m.t.ReportingCategory == "payout_reversal" {
			return m.date(m.t.Created)
		}
	case "payout_status":
		return p.Status
	case "payout_type":
		return p.Type
	}
	return ""
}

func (m movement) chargeCell(column string) string {
	for prefix, where := range m.addresses() {
		if part, found := strings.CutPrefix(column, prefix); found {
			return where.part(part)
		}
	}
	c := m.charge
	switch column {
	case "charge_created":
		return m.date(c.Created)
	case "charge_id":
		return c.ID
	case "customer_facing_amount":
		return majorUnits(m.facing(), c.Currency)
	case "customer_facing_currency":
		return c.Currency
	case "is_link":
		return strconv.FormatBool(c.PaymentMethodDetails.Type == linkKind)
	case "payment_intent_id":
		return deref(c.PaymentIntent)
	case "payment_method_type":
		return c.PaymentMethodDetails.Type
	case "statement_descriptor":
		if c.StatementDescriptor == nil {
			return deref(c.StatementDescriptorSuffix)
		}
		return *c.StatementDescriptor
	case "dispute_reason":
		if m.dispute != nil {
			return m.dispute.Reason
		}
	}
	return m.partyCell(column)
}

// facing is the amount as the customer saw it, before it was exchanged; what goes back is negative.
func (m movement) facing() int64 {
	amount := m.charge.AmountCaptured
	switch {
	case m.refund != nil:
		amount = m.refund.Amount
	case m.dispute != nil:
		amount = m.dispute.Amount
	}
	if m.t.Amount < 0 {
		return -amount
	}
	return amount
}

// partyCell is about the card and the customer.
func (m movement) partyCell(column string) string {
	if d := m.charge.PaymentMethodDetails.Card; d != nil {
		switch column {
		case "card_brand":
			return d.Brand
		case "card_country":
			return d.Country
		case "card_funding":
			return d.Funding
		}
	}
	if m.customer == nil {
		return ""
	}
	switch column {
	case "customer_description":
		return deref(m.customer.Description)
	case "customer_email":
		return deref(m.customer.Email)
	case "customer_id":
		return m.customer.ID
	case "customer_name":
		return deref(m.customer.Name)
	default:
		return ""
	}
}

// addresses are those that columns show part by part.
func (m movement) addresses() map[string]*address {
	known := map[string]*address{"shipping_address_": nil, "card_address_": nil, "customer_address_": nil, "customer_shipping_address_": nil}
	if m.charge.PaymentMethodDetails.Card != nil {
		known["card_address_"] = &m.charge.BillingDetails.Address
	}
	if m.charge.Shipping != nil {
		known["shipping_address_"] = m.charge.Shipping.Address
	}
	if m.customer != nil {
		known["customer_address_"] = m.customer.Address
		if m.customer.Shipping != nil {
			known["customer_shipping_address_"] = m.customer.Shipping.Address
		}
	}
	return known
}

func (a *address) part(name string) string {
	if a == nil {
		return ""
	}
	return deref(map[string]*string{
		"city": a.City, "country": a.Country, "line1": a.Line1, "line2": a.Line2, "postal_code": a.PostalCode, "state": a.State,
	}[name])
}
