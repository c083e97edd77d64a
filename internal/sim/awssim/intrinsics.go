package awssim

import (
	"fmt"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// resolver gives the values of a template's expressions. Every scalar is text,
// as CloudFormation hands most of them on. What it does not know is an error.
type resolver struct {
	parameters map[string]string            // pseudo parameters too
	mappings   *yaml.Node                   // nil: none
	conditions map[string]*yaml.Node        // by name
	references map[string]string            // what Ref gives, by logical id of those that exist
	attributes map[string]map[string]string // what GetAtt gives, by logical id and attribute
}

// noValue stands for a value that removes what it is given for.
type noValue struct{}

// intrinsics are the functions that the template uses, by their long names.
func (r *resolver) intrinsics() map[string]func(*yaml.Node) (any, error) {
	return map[string]func(*yaml.Node) (any, error){
		"Ref": r.ref, "Fn::GetAtt": r.getAtt, "Fn::Sub": r.sub, "Fn::If": r.choose, "Fn::FindInMap": r.findInMap,
		"Fn::Join": r.join, "Fn::Equals": r.equals, "Fn::Not": r.not,
	}
}

// value gives a node's value: text, a list or a map.
func (r *resolver) value(n *yaml.Node) (any, error) {
	if name, argument, ok := intrinsic(n); ok {
		f, known := r.intrinsics()[name]
		if !known {
			return nil, fmt.Errorf("line %d: the intrinsic function %s is not known", n.Line, name)
		}
		v, err := f(argument)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		return v, nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.mapping(n)
	case yaml.SequenceNode:
		return r.sequence(n)
	case yaml.ScalarNode:
		return n.Value, nil
	default:
		return nil, fmt.Errorf("line %d: aliases are not known", n.Line)
	}
}

// intrinsic takes a call of a function apart, in its short or its long form.
func intrinsic(n *yaml.Node) (name string, argument *yaml.Node, ok bool) {
	if strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!") {
		name, plain := n.Tag[1:], *n
		plain.Tag = ""
		if name != "Ref" {
			name = "Fn::" + name
		}
		return name, &plain, true
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		key, value := n.Content[0].Value, n.Content[1]
		if key == "Ref" || strings.HasPrefix(key, "Fn::") {
			return key, value, true
		}
	}
	return "", nil, false
}

func (r *resolver) mapping(n *yaml.Node) (any, error) {
	m := map[string]any{}
	for i := 0; i < len(n.Content); i += 2 {
		v, err := r.value(n.Content[i+1])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", n.Content[i].Value, err)
		}
		if _, none := v.(noValue); !none {
			m[n.Content[i].Value] = v
		}
	}
	return m, nil
}

func (r *resolver) sequence(n *yaml.Node) (any, error) {
	list := []any{}
	for _, item := range n.Content {
		v, err := r.value(item)
		if err != nil {
			return nil, err
		}
		if _, none := v.(noValue); !none {
			list = append(list, v)
		}
	}
	return list, nil
}

// text is the value of a node that has to be text.
func (r *resolver) text(n *yaml.Node) (string, error) {
	v, err := r.value(n)
	if err != nil {
		return "", err
	}
	text, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("line %d: got %v, want text", n.Line, v)
	}
	return text, nil
}

// texts are those of a list of so many, or of any number where that is zero.
func (r *resolver) texts(n *yaml.Node, count int) ([]string, error) {
	v, err := r.value(n)
	if err != nil {
		return nil, err
	}
	list, ok := v.([]any)
	if !ok || count > 0 && len(list) != count {
		return nil, fmt.Errorf("got %v, want a list of %d", v, count)
	}
	texts := make([]string, len(list))
	for i, item := range list {
		if texts[i], ok = item.(string); !ok {
			return nil, fmt.Errorf("got %v, want text", item)
		}
	}
	return texts, nil
}

// arguments are the nodes of a list of so many.
func arguments(n *yaml.Node, count int) ([]*yaml.Node, error) {
	if n.Kind != yaml.SequenceNode || len(n.Content) != count {
		return nil, fmt.Errorf("want %d arguments", count)
	}
	return n.Content, nil
}

func (r *resolver) ref(n *yaml.Node) (any, error) {
	if n.Value == "AWS::NoValue" {
		return noValue{}, nil
	}
	return r.referred(n.Value)
}

func (r *resolver) referred(name string) (string, error) {
	for _, known := range []map[string]string{r.parameters, r.references} {
		if value, ok := known[name]; ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("nothing is called %s, or its condition is not met", name)
}

func (r *resolver) getAtt(n *yaml.Node) (any, error) {
	name := n.Value
	if n.Kind == yaml.SequenceNode {
		parts, err := r.texts(n, 2)
		if err != nil {
			return nil, err
		}
		name = strings.Join(parts, ".")
	}
	return r.attribute(name)
}

func (r *resolver) attribute(name string) (string, error) {
	id, attribute, _ := strings.Cut(name, ".")
	if value, ok := r.attributes[id][attribute]; ok {
		return value, nil
	}
	return "", fmt.Errorf("the attribute %s is not known", name)
}

// variable is what Fn::Sub replaces; ${!x} stands for ${x} itself.
var variable = regexp.MustCompile(`\$\{([^}]*)\}`)

func (r *resolver) sub(n *yaml.Node) (any, error) {
	own := map[string]string{}
	if n.Kind == yaml.SequenceNode {
		both, err := arguments(n, 2)
		if err != nil {
			return nil, err
		}
		n = both[0]
		for i := 0; i+1 < len(both[1].Content); i += 2 {
			if own[both[1].Content[i].Value], err = r.text(both[1].Content[i+1]); err != nil {
				return nil, err
			}
		}
	}
	var failed error
	text := variable.ReplaceAllStringFunc(n.Value, func(match string) string {
		value, err := r.substitute(strings.TrimSpace(match[2:len(match)-1]), own)
		if err != nil {
			failed = err
		}
		return value
	})
	return text, failed
}

func (r *resolver) substitute(name string, own map[string]string) (string, error) {
	if value, ok := own[name]; ok {
		return value, nil
	}
	if literal, ok := strings.CutPrefix(name, "!"); ok {
		return "${" + literal + "}", nil
	}
	if strings.Contains(name, ".") {
		return r.attribute(name)
	}
	return r.referred(name)
}

func (r *resolver) choose(n *yaml.Node) (any, error) {
	list, err := arguments(n, 3)
	if err != nil {
		return nil, err
	}
	met, err := r.condition(list[0].Value)
	if err != nil {
		return nil, err
	}
	if met {
		return r.value(list[1])
	}
	return r.value(list[2])
}

// condition decides a named one.
func (r *resolver) condition(name string) (bool, error) {
	n, ok := r.conditions[name]
	if !ok {
		return false, fmt.Errorf("the condition %s is not known", name)
	}
	return r.met(n)
}

func (r *resolver) met(n *yaml.Node) (bool, error) {
	v, err := r.value(n)
	met, ok := v.(bool)
	if err == nil && !ok {
		err = fmt.Errorf("line %d: not a condition", n.Line)
	}
	return met, err
}

func (r *resolver) equals(n *yaml.Node) (any, error) {
	both, err := r.texts(n, 2)
	return err == nil && both[0] == both[1], err
}

func (r *resolver) not(n *yaml.Node) (any, error) {
	list, err := arguments(n, 1)
	if err != nil {
		return nil, err
	}
	met, err := r.met(list[0])
	return !met, err
}

func (r *resolver) findInMap(n *yaml.Node) (any, error) {
	keys, err := r.texts(n, 3)
	if err != nil {
		return nil, err
	}
	at := r.mappings
	for _, key := range keys {
		if at = child(at, key); at == nil {
			return nil, fmt.Errorf("the mapping has no %s", strings.Join(keys, "."))
		}
	}
	return r.value(at)
}

func (r *resolver) join(n *yaml.Node) (any, error) {
	both, err := arguments(n, 2)
	if err != nil {
		return nil, err
	}
	parts, err := r.texts(both[1], 0)
	return strings.Join(parts, both[0].Value), err
}

// child is what a map has under a key; nil for nothing.
func child(n *yaml.Node, key string) *yaml.Node {
	return children(n)[key]
}

// children are what a map has, by key; none of what is no map.
func children(n *yaml.Node) map[string]*yaml.Node {
	all := map[string]*yaml.Node{}
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			all[n.Content[i].Value] = n.Content[i+1]
		}
	}
	return all
}
