package stripe

// outcome is what the bank, Radar and the card's temperament make of one charge.
type outcome struct {
	asks          bool // the customer must authenticate first
	authenticated bool // the customer has authenticated
	card          testCard
	declineCode   string // empty: approved
}

// outcomeOf decides about a charge: a scenario has the first word, then the test card.
func (r *call) outcomeOf(m *paymentMethod, p *paymentIntent, offSession bool) outcome {
	known := r.traits(m.ID)
	test, _ := cardByNumber(known.Number)
	if scripted, found := r.scripted(m, known, deref(p.Customer)); found {
		o := outcome{card: testCard{number: test.number, refund: test.refund}}
		switch scripted {
		case outcomeOK:
		case outcomeDispute:
			o.card.dispute = "fraudulent"
		case "authentication_required":
			o.asks = true
		default:
			o.declineCode = scripted
			if known, isReturn := returnFor(scripted); isReturn && !among(declineCodes, scripted) {
				o.declineCode = map[bool]string{true: known.failure, false: "generic_decline"}[among(declineCodes, known.failure)]
			}
		}
		return o
	}
	o := outcome{card: test, declineCode: test.decline}
	if m.Card != nil && m.Card.expired(r.asOf) {
		o.declineCode = "expired_card"
	}
	if test.blocked || o.declineCode == "expired_card" {
		return o
	}
	requested := p.PaymentMethodOptions.Card.RequestThreeDSecure
	o.asks = test.asks(offSession, known.SetUp) || (!offSession && (requested == "any" || requested == "challenge"))
	return o
}

// asks says whether a charge of this card needs the customer to authenticate. On-session payments with
// any 3DS card always do.
func (t testCard) asks(offSession, setUp bool) bool {
	switch t.authentication {
	case neverAsks:
		return false
	case asksAlways:
		return true
	case asksOnSession:
		return !offSession
	default:
		return !offSession || !setUp
	}
}

// asksOnSetup says whether saving this card needs the customer to authenticate.
func (t testCard) asksOnSetup() bool {
	return t.authentication != neverAsks && t.authentication != asksOnSession
}
