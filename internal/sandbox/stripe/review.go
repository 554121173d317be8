package stripe

// review is Stripe's review object: somebody should look at a payment that Radar let through.
type review struct {
	ID                string  `json:"id"`
	Object            string  `json:"object"`
	BillingZip        *string `json:"billing_zip"`
	Charge            *string `json:"charge"`
	ClosedReason      *string `json:"closed_reason"`
	Created           int64   `json:"created"`
	IPAddress         *string `json:"ip_address"`
	IPAddressLocation *string `json:"ip_address_location"`
	Livemode          bool    `json:"livemode"`
	Open              bool    `json:"open"`
	OpenedReason      string  `json:"opened_reason"`
	PaymentIntent     *string `json:"payment_intent,omitempty"`
	Reason            string  `json:"reason"`
	Session           *string `json:"session"`
}

func (v *review) identity() (string, int64) { return v.ID, v.Created }

func (v *review) indexed() map[string]string { return map[string]string{"charge": deref(v.Charge)} }

var reviews = collection[*review]{name: "review", prefix: "prv_"}

func reviewEndpoints() []endpoint {
	return []endpoint{
		get("/v1/reviews", datedPageSpec(nil), func(r *call) (any, error) { return reviews.list(r, func(v *review) bool { return v.Open }) }),
		get("/v1/reviews/{id}", nil, retrieve(reviews, "review")),
		post("/v1/reviews/{id}/approve", nil, approveReview),
	}
}

// openReview follows a charge whose risk is elevated, as Stripe's default rule does.
func (r *call) openReview(p *paymentIntent, c *charge) {
	v := &review{
		ID: newID(r, reviews), Object: "review", BillingZip: c.BillingDetails.Address.PostalCode, Charge: &c.ID, Created: r.now(), Open: true,
		OpenedReason: "rule", PaymentIntent: &p.ID, Reason: "rule",
	}
	reviews.put(r.tx, v)
	p.Review, c.Review = &v.ID, &v.ID
	r.emit("review.opened", v, nil)
}

func approveReview(r *call) (any, error) {
	v, found := reviews.get(r.tx, r.id)
	if !found {
		return nil, notFound("review", r.id, "review")
	}
	if !v.Open {
		return nil, refused("", "", "This review has already been closed (%s).", deref(v.ClosedReason))
	}
	r.closeReview(v, "approved")
	return v, nil
}

func (r *call) closeReview(v *review, reason string) {
	v.Open, v.Reason, v.ClosedReason = false, reason, &reason
	reviews.put(r.tx, v)
	c, _ := charges.get(r.tx, *v.Charge)
	c.Review = nil
	charges.put(r.tx, c)
	if p, found := paymentIntents.get(r.tx, deref(v.PaymentIntent)); found {
		p.Review = nil
		paymentIntents.put(r.tx, p)
	}
	r.emit("review.closed", v, nil)
}

// closeReviews ends the review of a charge that was refunded or disputed.
func (r *call) closeReviews(c *charge, reason string) {
	if v, found := reviews.get(r.tx, deref(c.Review)); found {
		c.Review = nil
		r.closeReview(v, reason)
	}
}
