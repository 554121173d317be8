package stripe

// address is a postal address.
type address struct {
	City       *string `json:"city"`
	Country    *string `json:"country"`
	Line1      *string `json:"line1"`
	Line2      *string `json:"line2"`
	PostalCode *string `json:"postal_code"`
	State      *string `json:"state"`
}

func addressSpec() spec {
	return spec{"city": text(), "country": text(), "line1": text(), "line2": text(), "postal_code": text(), "state": text()}
}

// readAddress is nil when nothing was sent.
func readAddress(a args) *address {
	if a.in == nil || len(a.in.Fields) == 0 {
		return nil
	}
	return &address{
		City: optional(a.text("city")), Country: optional(a.text("country")), Line1: optional(a.text("line1")),
		Line2: optional(a.text("line2")), PostalCode: optional(a.text("postal_code")), State: optional(a.text("state")),
	}
}

// shipping is a recipient and where to send to.
type shipping struct {
	Address        *address `json:"address"`
	Carrier        *string  `json:"carrier"`
	Name           *string  `json:"name"`
	Phone          *string  `json:"phone"`
	TrackingNumber *string  `json:"tracking_number"`
}

// recipientSpec is the part of shipping that a customer has, too.
func recipientSpec() spec {
	return spec{"address": required(hash(addressSpec())), "name": required(text()), "phone": text()}
}

func shippingSpec() spec {
	return recipientSpec().with(spec{"carrier": text(), "tracking_number": text()})
}

func readShipping(a args) *shipping {
	if a.in == nil || len(a.in.Fields) == 0 {
		return nil
	}
	return &shipping{
		Address: readAddress(a.hash("address")), Carrier: optional(a.text("carrier")), Name: optional(a.text("name")),
		Phone: optional(a.text("phone")), TrackingNumber: optional(a.text("tracking_number")),
	}
}

// billingDetails belong to a payment method and are copied to its charges.
type billingDetails struct {
	Address address `json:"address"`
	Email   *string `json:"email"`
	Name    *string `json:"name"`
	Phone   *string `json:"phone"`
}

func billingDetailsSpec() spec {
	return spec{"address": hash(addressSpec()), "email": email(), "name": text(), "phone": text()}
}

func (b *billingDetails) update(a args) {
	if sent := readAddress(a.hash("address")); sent != nil {
		b.Address = *sent
	}
	a.setText("email", &b.Email)
	a.setText("name", &b.Name)
	a.setText("phone", &b.Phone)
}
