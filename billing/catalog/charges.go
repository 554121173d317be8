package catalog

import "slices"

// HasSeats says whether any charge of the plan itself is multiplied by the number of seats.
func (p Plan) HasSeats() bool {
	return slices.ContainsFunc(p.Charges, func(c Charge) bool { return c.Per == PerSeat })
}

// Meters lists the meters that the plan charges, itself or with add-ons, each once, in the order of its charges.
func (p Plan) Meters() []string {
	var meters []string
	for _, c := range p.EveryCharge() {
		if c.Kind == Usage && !slices.Contains(meters, c.Meter) {
			meters = append(meters, c.Meter)
		}
	}
	return meters
}
