package stripe

import (
	"net/netip"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// customerTax is where a customer is for tax; it is sent only when it is asked for.
type customerTax struct {
	AutomaticTax string       `json:"automatic_tax"`
	IPAddress    *string      `json:"ip_address"`
	Location     *taxLocation `json:"location"`
}

type taxLocation struct {
	Country string  `json:"country"`
	Source  string  `json:"source"`
	State   *string `json:"state"`
}

// taxAddressesBucket holds customer -> the IP address given for tax. It is kept, and places nobody.
const taxAddressesBucket = "tax_ip_addresses"

// applyTax keeps the IP address, and refuses a customer that cannot be placed if the request wants that at once.
func (c *customer) applyTax(r *call) error {
	given, kept := r.args.hash("tax"), bucketOf(r.tx, taxAddressesBucket)
	if given.has("ip_address") {
		ip := given.text("ip_address")
		if _, err := netip.ParseAddr(ip); ip != "" && err != nil {
			return invalid("", "tax[ip_address]", "Invalid IP address: %s", ip)
		}
		kept.put([]byte(c.ID), []byte(ip))
	}
	if given.text("validate_location") != "immediately" {
		return nil
	}
	_, where := c.taxAddress()
	_, err := located(where, "address")
	return err
}

// taxAddress prefers where a customer is delivered to, as Stripe does.
func (c *customer) taxAddress() (source string, where *address) {
	if c.Shipping != nil && c.Shipping.Address != nil {
		return "shipping", c.Shipping.Address
	}
	return "billing", c.Address
}

// customerTaxOf finds out whether tax can be calculated for a customer, and is collected where they are.
func customerTaxOf(tx *bolt.Tx, id string) (any, bool) {
	c, found := customers.get(tx, id)
	if !found {
		return nil, false
	}
	t := customerTax{AutomaticTax: "unrecognized_location", IPAddress: optional(string(bucketOf(tx, taxAddressesBucket).get([]byte(id))))}
	source, where := c.taxAddress()
	place, refusal := locate(where, "")
	if refusal != nil {
		return t, true
	}
	t.AutomaticTax = "not_collecting"
	t.Location = &taxLocation{
		Country: place.country, Source: map[string]string{"billing": "billing_address", "shipping": "shipping_destination"}[source], State: optional(place.state),
	}
	if collectsIn(tx, place) {
		t.AutomaticTax = "supported"
	}
	return t, true
}

// collectsIn says whether tax would be imposed on a sale to a consumer there, under any registration without an end.
func collectsIn(tx *bolt.Tx, place taxPlace) bool {
	o := taxOccasion{place: place}
	taxRegistrations.all(tx, func(t *taxRegistration) bool {
		if t.ExpiresAt == nil {
			o.active = append(o.active, t)
		}
		return true
	})
	return slices.ContainsFunc(o.levies(""), levy.imposed)
}
