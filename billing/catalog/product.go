package catalog

import "fmt"

// ProductID is the product that the plan sells: the one that it names, or else its own id. Plans of different intervals or
// sizes can sell the same product; coupons can be for a product.
func (p Plan) ProductID() string {
	if p.Product == "" {
		return p.ID
	}
	return p.Product
}

func (p Plan) validateProduct() error {
	if p.Product == "" {
		return nil
	}
	return checkID("product", p.Product)
}

// CheckProduct refuses a version of a plan that sells another product than one of its other versions, which are sought by
// the plan's id among the given plans: what was promised for a product would else end with a new price. The error begins
// with the path of the field in the plan.
func (p Plan) CheckProduct(others []Plan) error {
	for _, other := range others {
		if other.ID == p.ID && other.ProductID() != p.ProductID() {
			return fmt.Errorf("product %q is another than %q, which version %d has: all versions of a plan have one product; keep it, or give the plan another id",
				p.ProductID(), other.ProductID(), other.Version)
		}
	}
	return nil
}
