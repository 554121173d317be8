package money

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

// MulRatio returns a × num/den, computed exactly and rounded once, half away
// from zero. The denominator must not be zero. A result out of range is
// ErrOverflow.
func (a Amount) MulRatio(num, den int64) (Amount, error) {
	if den == 0 {
		return Amount{}, fmt.Errorf("multiplying %s by %d/0: the denominator must not be zero", a, num)
	}
	n, d := big.NewInt(num), big.NewInt(den)
	if d.Sign() < 0 {
		n.Neg(n)
		d.Neg(d)
	}
	product, err := fromBig(roundedRatio(n.Mul(n, big.NewInt(a.Minor)), d), a.Currency)
	if err != nil {
		return Amount{}, fmt.Errorf("multiplying %s by %d/%d: %w", a, num, den, err)
	}
	return product, nil
}

// Allocate splits the amount in proportion to the weights so that the parts sum
// to it exactly. Each part is first cut towards zero; the units left over go to
// the parts with the largest remainders, and to the earlier part among equals.
// Weights must not be negative and must not all be zero; a zero weight gets zero.
func (a Amount) Allocate(weights []int64) ([]Amount, error) {
	total, err := totalWeight(weights)
	if err != nil {
		return nil, fmt.Errorf("allocating %s: %w", a, err)
	}
	parts := make([]Amount, len(weights))
	remainders := make([]*big.Int, len(weights))
	left := big.NewInt(a.Minor)
	for i, weight := range weights {
		share := new(big.Int).Mul(big.NewInt(a.Minor), big.NewInt(weight))
		remainders[i] = new(big.Int)
		share.QuoRem(share, total, remainders[i])
		parts[i] = New(share.Int64(), a.Currency)
		left.Sub(left, share)
	}
	handOut(parts, remainders, left.Int64())
	return parts, nil
}

func totalWeight(weights []int64) (*big.Int, error) {
	total := new(big.Int)
	for i, weight := range weights {
		if weight < 0 {
			return nil, fmt.Errorf("weights[%d] is %d: weights must not be negative", i, weight)
		}
		total.Add(total, big.NewInt(weight))
	}
	if total.Sign() == 0 {
		return nil, errors.New("at least one weight must be positive")
	}
	return total, nil
}

// handOut gives the units left over, fewer than there are parts, one by one.
func handOut(parts []Amount, remainders []*big.Int, left int64) {
	unit := int64(1)
	if left < 0 {
		unit = -1
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return remainders[j].CmpAbs(remainders[i])
	})
	for _, i := range order[:left*unit] {
		parts[i].Minor += unit
	}
}
