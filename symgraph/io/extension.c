// The public functions of a compiled model for CPython, in front of a binding.
//
// A call is taken here where w, X and y are exactly numpy.ndarray, of float64 in the machine's byte order, aligned, row by row,
// and of shapes that fit; where no rows are weighted; and where no threads share them. All other calls, wrong ones among them,
// are passed on to the binding as they came, so that there is one contract of arguments, and one of messages.
// The functions of the model are called by their addresses: this file is compiled once for an interpreter, whatever the model.

#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <math.h>
#include <stdint.h>
#include <string.h>

// rows from which on other threads may run meanwhile: letting them takes as long as some rows
#define MANY_ROWS 128
// partials of one row that need no memory of their own
#define FEW_WEIGHTS 64

typedef double row_function(const double *w, const double *x, double y, double *grad);
typedef double output_function(const double *w, const double *x);
typedef void sums_function(const double *w, const double *X, const double *y, const double *s, size_t n, double *loss,
    double *grad);
typedef double sum_function(const double *w, const double *X, const double *y, const double *s, size_t n);
typedef void rows_function(const double *w, const double *X, const double *y, size_t n, double *result);
typedef void outputs_function(const double *w, const double *X, size_t n, double *result);

typedef struct {
    PyObject_HEAD
    PyObject *binding, *total;
    npy_intp weights, features, share;
    int has_target;
    row_function *row;
    sums_function *value_and_grad;
    sum_function *loss;
    rows_function *per_sample_grad;
    output_function *predict_row;
    outputs_function *predict, *jacobian;
    rows_function *residual, *residual_jacobian;
} Functions;

// the names of options and of functions, made once; other interpreters of this process are refused
static struct {
    PyObject *w, *X, *y, *threads, *reduction, *sample_weight, *mean, *sum;
    PyObject *value_and_grad, *loss, *grad, *per_sample_grad, *predict, *jacobian, *residual, *residual_jacobian;
    PyObject *row, *predict_row;
} names;

// The inputs that a function reads.
typedef enum { OUTPUTS, TARGETS, REDUCED } Kind;

typedef struct {
    const double *w, *X, *y;
    double one_target;
    npy_intp rows;
    int batch, mean, threaded;
} Call;

static PyObject *pass_on(Functions *self, PyObject *name, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *method = PyObject_GetAttr(self->binding, name);
    if (method == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(method, args, (size_t)count, keywords);
    Py_DECREF(method);
    return result;
}

// Tell if an object is an array of so many dimensions that C can read.
static int readable(PyObject *object, int dimensions)
{
    if (object == NULL || !PyArray_CheckExact(object)) {
        return 0;
    }
    PyArrayObject *array = (PyArrayObject *)object;
    return PyArray_TYPE(array) == NPY_DOUBLE && PyArray_NDIM(array) == dimensions && PyArray_ISCARRAY_RO(array)
        && PyArray_ISNOTSWAPPED(array);
}

static double *numbers(PyObject *array)
{
    return PyArray_DATA((PyArrayObject *)array);
}

static npy_intp size(PyObject *array, int dimension)
{
    return PyArray_DIM((PyArrayObject *)array, dimension);
}

static int is_number(PyObject *object)
{
    return object != NULL && (PyFloat_CheckExact(object) || Py_TYPE(object) == &PyDoubleArrType_Type);
}

static int is_absent(PyObject *object)
{
    return object == NULL || object == Py_None;
}

static int set(PyObject **place, PyObject *value)
{
    const int first = *place == NULL;
    *place = value;
    return first;
}

// Read the arguments of a call; tell if it is taken here.
static int taken(Functions *self, Kind kind, Py_ssize_t places, PyObject *const *args, Py_ssize_t count, PyObject *keywords,
    Call *call)
{
    PyObject *given[3] = {NULL, NULL, NULL};
    call->mean = kind == REDUCED;
    call->threaded = 0;
    if (count > places) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        given[i] = args[i];
    }
    for (Py_ssize_t i = 0; keywords != NULL && i < PyTuple_GET_SIZE(keywords); i++) {
        PyObject *name = PyTuple_GET_ITEM(keywords, i), *value = args[count + i];
        int fits = 0;
        if (name == names.w || name == names.X || (name == names.y && places == 3)) {
            fits = set(&given[name == names.w ? 0 : name == names.X ? 1 : 2], value);
        } else if (name == names.threads && PyLong_CheckExact(value)) {
            int overflow;
            const long threads = PyLong_AsLongAndOverflow(value, &overflow);
            fits = threads > 0;
            call->threaded = threads != 1;
        } else if (name == names.reduction && kind == REDUCED) {
            fits = value == names.mean || value == names.sum;
            call->mean = value == names.mean;
        } else if (name == names.sample_weight && kind == REDUCED) {
            fits = value == Py_None;
        }
        if (!fits) {
            return 0;
        }
    }
    PyObject *w = given[0], *X = given[1], *y = given[2];
    if (!readable(w, 1) || size(w, 0) != self->weights) {
        return 0;
    }
    call->w = numbers(w);
    call->rows = 1;
    call->batch = 0;
    call->X = call->y = NULL;
    if (self->features == 0) {
        if (!is_absent(X) || (kind == OUTPUTS && !is_absent(y))) {
            return 0;
        }
    } else {
        call->batch = readable(X, 2) || (self->features == 1 && readable(X, 1));
        if (call->batch) {
            call->rows = size(X, 0);
        } else if (!readable(X, 1)) {
            return 0;
        }
        if (self->features > 1 && size(X, call->batch) != self->features) {
            return 0;
        }
        if (self->features == 1 && PyArray_NDIM((PyArrayObject *)X) == 2 && size(X, 1) != 1) {
            return 0;
        }
        call->X = numbers(X);
    }
    if (kind != OUTPUTS) {
        if (self->has_target && readable(y, 1) && (call->batch ? size(y, 0) == call->rows : self->features == 0)) {
            call->batch = 1;
            call->rows = size(y, 0);
            call->y = numbers(y);
        } else if (self->has_target && is_number(y) && !call->batch) {
            call->one_target = PyFloat_AS_DOUBLE(y);
            call->y = &call->one_target;
        } else if (self->has_target || !is_absent(y)) {
            return 0;
        }
    }
    return call->rows > 0 && (call->rows <= self->share || !call->threaded);
}

// Go to the next piece of the rows; between two, Ctrl-C may end the call.
static int next(Functions *self, Call *call, npy_intp *left, npy_intp *rows)
{
    const npy_intp done = *rows;
    *left -= done;
    if (*left == 0 || (done > 0 && PyErr_CheckSignals() < 0)) {
        return 0;
    }
    call->X = call->X == NULL ? NULL : call->X + done * self->features;
    call->y = call->y == NULL ? NULL : call->y + done;
    *rows = *left < self->share ? *left : self->share;
    return 1;
}

// Add up the sums of pieces, count of each, rounded once.
static int add_up(Functions *self, const double *parts, npy_intp pieces, npy_intp count, double *sums)
{
    for (npy_intp i = 0; i < count; i++) {
        PyObject *list = PyList_New(pieces);
        for (npy_intp piece = 0; list != NULL && piece < pieces; piece++) {
            PyObject *part = PyFloat_FromDouble(parts[piece * count + i]);
            if (part == NULL) {
                Py_CLEAR(list);
            } else {
                PyList_SET_ITEM(list, piece, part);
            }
        }
        PyObject *sum = list == NULL ? NULL : PyObject_CallOneArg(self->total, list);
        Py_XDECREF(list);
        if (sum == NULL) {
            return -1;
        }
        sums[i] = PyFloat_AsDouble(sum);
        Py_DECREF(sum);
    }
    return 0;
}

// Compute the sum of the losses, and of their gradients if there is a place for these.
static int summed(Functions *self, Call *call, double *loss, double *partials)
{
    npy_intp left = call->rows, rows = 0, count = partials == NULL ? 1 : 1 + self->weights;
    const npy_intp pieces = (left + self->share - 1) / self->share;
    double *parts = PyMem_Malloc((size_t)((pieces + 1) * count) * sizeof(double)), *part = parts;
    if (parts == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (; next(self, call, &left, &rows); part += count) {
        PyThreadState *state = rows < MANY_ROWS ? NULL : PyEval_SaveThread();
        if (partials == NULL) {
            *part = self->loss(call->w, call->X, call->y, NULL, (size_t)rows);
        } else {
            self->value_and_grad(call->w, call->X, call->y, NULL, (size_t)rows, part, part + 1);
        }
        if (state != NULL) {
            PyEval_RestoreThread(state);
        }
    }
    const int failed = left > 0 || (pieces > 1 && add_up(self, parts, pieces, count, part) < 0);
    if (!failed) {
        const double *sums = pieces > 1 ? part : parts;
        *loss = sums[0];
        for (npy_intp i = 1; i < count; i++) {
            partials[i - 1] = sums[i];
        }
    }
    PyMem_Free(parts);
    return failed ? -1 : 0;
}

// The loss, its gradient, or both; a sum that overflows, whose mean may not, is passed on.
static PyObject *reduced(Functions *self, PyObject *name, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Call call;
    if (self->loss == NULL || !taken(self, REDUCED, 3, args, count, keywords, &call)) {
        return pass_on(self, name, args, count, keywords);
    }
    const double total = call.mean ? (double)call.rows : 1.0;
    double loss, *partials = NULL;
    PyObject *grad = NULL;
    if (name != names.loss) {
        grad = PyArray_SimpleNew(1, &self->weights, NPY_DOUBLE);
        if (grad == NULL) {
            return NULL;
        }
        partials = numbers(grad);
    }
    if (summed(self, &call, &loss, partials) < 0) {
        Py_XDECREF(grad);
        return NULL;
    }
    if (total != 1.0) {
        loss /= total;
        int finite = isfinite(loss);
        for (npy_intp i = 0; grad != NULL && i < self->weights; i++) {
            partials[i] /= total;
            finite = finite && isfinite(partials[i]);
        }
        if (!finite) {
            Py_XDECREF(grad);
            return pass_on(self, name, args, count, keywords);
        }
    }
    if (name == names.grad) {
        return grad;
    }
    PyObject *value = PyFloat_FromDouble(loss);
    if (grad == NULL || value == NULL) {
        Py_XDECREF(grad);
        return value;
    }
    PyObject *both = PyTuple_New(2);
    if (both == NULL) {
        Py_DECREF(value);
        Py_DECREF(grad);
        return NULL;
    }
    PyTuple_SET_ITEM(both, 0, value);
    PyTuple_SET_ITEM(both, 1, grad);
    return both;
}

// Results of each row: a number, or the partials by the weights.
static PyObject *by_row(Functions *self, PyObject *name, Kind kind, int partials, rows_function *with_target,
    outputs_function *without, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Call call;
    if ((kind == TARGETS ? with_target == NULL : without == NULL)
        || !taken(self, kind, name == names.predict ? 2 : 3, args, count, keywords, &call)) {
        return pass_on(self, name, args, count, keywords);
    }
    double alone, *place = &alone;
    npy_intp shape[2] = {call.rows, self->weights};
    PyObject *result = NULL;
    if (call.batch || partials) {
        result = PyArray_SimpleNew(call.batch + partials, call.batch ? shape : shape + 1, NPY_DOUBLE);
        if (result == NULL) {
            return NULL;
        }
        place = numbers(result);
    }
    npy_intp left = call.rows, rows = 0;
    for (; next(self, &call, &left, &rows); place += rows * (partials ? self->weights : 1)) {
        PyThreadState *state = rows < MANY_ROWS ? NULL : PyEval_SaveThread();
        if (kind == TARGETS) {
            with_target(call.w, call.X, call.y, (size_t)rows, place);
        } else {
            without(call.w, call.X, (size_t)rows, place);
        }
        if (state != NULL) {
            PyEval_RestoreThread(state);
        }
    }
    if (left > 0) {
        Py_XDECREF(result);
        return NULL;
    }
    if (result == NULL) {
        result = PyArrayScalar_New(Double);
        if (result != NULL) {
            PyArrayScalar_ASSIGN(result, Double, alone);
        }
    }
    return result;
}

#define REDUCING(function)                                                                                            \
    static PyObject *function(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)            \
    {                                                                                                                 \
        return reduced((Functions *)self, names.function, args, count, keywords);                                     \
    }
#define BY_ROW(function, kind, partials, with_target, without)                                                        \
    static PyObject *function(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)          \
    {                                                                                                                 \
        Functions *self = (Functions *)object;                                                                        \
        return by_row(self, names.function, kind, partials, with_target, without, args, count, keywords);             \
    }

REDUCING(value_and_grad)
REDUCING(loss)
REDUCING(grad)
BY_ROW(predict, OUTPUTS, 0, NULL, self->predict)
BY_ROW(jacobian, OUTPUTS, 1, NULL, self->jacobian)
BY_ROW(residual, TARGETS, 0, self->residual, NULL)
BY_ROW(residual_jacobian, TARGETS, 1, self->residual_jacobian, NULL)
BY_ROW(per_sample_grad, TARGETS, 1, self->per_sample_grad, NULL)

static int is_a_row(Functions *self, PyObject *const *args)
{
    return readable(args[0], 1) && size(args[0], 0) == self->weights && readable(args[1], 1)
        && size(args[1], 0) == self->features;
}

static PyObject *row(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Functions *self = (Functions *)object;
    PyObject *into = count == 4 ? args[3] : NULL;
    const size_t bytes = (size_t)self->weights * sizeof(double);
    if (self->row == NULL || into == NULL || keywords != NULL || !is_a_row(self, args) || !is_number(args[2])
        || !readable(into, 1) || !PyArray_ISWRITEABLE((PyArrayObject *)into) || size(into, 0) < self->weights) {
        return pass_on(self, names.row, args, count, keywords);
    }
    // what is written may be one of the arguments
    double few[FEW_WEIGHTS], *partials = self->weights > FEW_WEIGHTS ? PyMem_Malloc(bytes) : few;
    if (partials == NULL) {
        return PyErr_NoMemory();
    }
    const double loss_of_row = self->row(numbers(args[0]), numbers(args[1]), PyFloat_AS_DOUBLE(args[2]), partials);
    memcpy(numbers(into), partials, bytes);
    if (partials != few) {
        PyMem_Free(partials);
    }
    return PyFloat_FromDouble(loss_of_row);
}

static PyObject *predict_row(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Functions *self = (Functions *)object;
    if (self->predict_row == NULL || count != 2 || keywords != NULL || !is_a_row(self, args)) {
        return pass_on(self, names.predict_row, args, count, keywords);
    }
    return PyFloat_FromDouble(self->predict_row(numbers(args[0]), numbers(args[1])));
}

static PyObject *made(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *binding, *total;
    Py_ssize_t weights, features, share;
    int has_target;
    // addresses, 0 for a function that the model has not, in the order of io/native.py
    unsigned long long at[9];
    static char *none[] = {"", "", "", "", "", "", "", "", "", "", "", "", "", "", "", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "OOnnpnKKKKKKKKK", none, &binding, &total, &weights, &features,
            &has_target, &share, &at[0], &at[1], &at[2], &at[3], &at[4], &at[5], &at[6], &at[7], &at[8])) {
        return NULL;
    }
    Functions *self = (Functions *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->binding = Py_NewRef(binding);
    self->total = Py_NewRef(total);
    self->weights = weights;
    self->features = features;
    self->has_target = has_target;
    self->share = share;
    self->row = (row_function *)(uintptr_t)at[0];
    self->value_and_grad = (sums_function *)(uintptr_t)at[1];
    self->loss = (sum_function *)(uintptr_t)at[2];
    self->per_sample_grad = (rows_function *)(uintptr_t)at[3];
    self->predict_row = (output_function *)(uintptr_t)at[4];
    self->predict = (outputs_function *)(uintptr_t)at[5];
    self->residual = (rows_function *)(uintptr_t)at[6];
    self->residual_jacobian = (rows_function *)(uintptr_t)at[7];
    self->jacobian = (outputs_function *)(uintptr_t)at[8];
    return (PyObject *)self;
}

static int visited(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Functions *)self)->binding);
    Py_VISIT(((Functions *)self)->total);
    return 0;
}

static int cleared(PyObject *self)
{
    Py_CLEAR(((Functions *)self)->binding);
    Py_CLEAR(((Functions *)self)->total);
    return 0;
}

static void freed(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    cleared(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *binding_of(PyObject *self, void *unused)
{
    (void)unused;
    return Py_NewRef(((Functions *)self)->binding);
}

// A pickle holds what the binding says.
static PyObject *reduce(PyObject *self, PyObject *unused)
{
    (void)unused;
    return PyObject_CallMethod(((Functions *)self)->binding, "__reduce__", NULL);
}

#define OPTIONS "*, sample_weight=None, reduction='mean', threads=1)\n--\n\n"
#define METHOD(name, doc) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL | METH_KEYWORDS, #name doc}

static PyMethodDef methods[] = {
    METHOD(value_and_grad, "($self, w, X=None, y=None, " OPTIONS "Compute the reduced loss and its gradient."),
    METHOD(loss, "($self, w, X=None, y=None, " OPTIONS "Compute the reduced loss."),
    METHOD(grad, "($self, w, X=None, y=None, " OPTIONS "Compute the gradient of the reduced loss."),
    METHOD(per_sample_grad, "($self, w, X=None, y=None, *, threads=1)\n--\n\nCompute each row's gradient."),
    METHOD(predict, "($self, w, X=None, *, threads=1)\n--\n\nCompute the output."),
    METHOD(jacobian, "($self, w, X=None, y=None, *, threads=1)\n--\n\nCompute d output / d w."),
    METHOD(residual, "($self, w, X=None, y=None, *, threads=1)\n--\n\nCompute the residual."),
    METHOD(residual_jacobian, "($self, w, X=None, y=None, *, threads=1)\n--\n\nCompute d residual / d w."),
    METHOD(row, "($self, w, x, y, grad)\n--\n\nCompute the loss of one row, and write its partials into grad."),
    METHOD(predict_row, "($self, w, x)\n--\n\nCompute the output of one row."),
    {"__reduce__", reduce, METH_NOARGS, "Say how another process finds this object."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"binding", binding_of, NULL, "The binding to which calls are passed on.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots_of_type[] = {
    {Py_tp_doc, "The functions of a compiled model, in front of a binding."},
    {Py_tp_new, made},
    {Py_tp_traverse, visited},
    {Py_tp_clear, cleared},
    {Py_tp_dealloc, freed},
    {Py_tp_methods, methods},
    {Py_tp_getset, attributes},
    {0, NULL},
};

static PyType_Spec specification = {
    "symgraph_extension.Functions", sizeof(Functions), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    slots_of_type,
};

static int executed(PyObject *module)
{
    if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
        PyErr_SetString(PyExc_ImportError,
            "compiled models run in the main interpreter alone; load with backend=\"numpy\" here");
        return -1;
    }
    if (PyArray_ImportNumPyAPI() < 0) {
        return -1;
    }
#define NAME(name)                                                                                                    \
    if (names.name == NULL && (names.name = PyUnicode_InternFromString(#name)) == NULL) {                             \
        return -1;                                                                                                    \
    }
    NAME(w) NAME(X) NAME(y) NAME(threads) NAME(reduction) NAME(sample_weight) NAME(mean) NAME(sum)
    NAME(value_and_grad) NAME(loss) NAME(grad) NAME(per_sample_grad) NAME(predict) NAME(jacobian) NAME(residual)
    NAME(residual_jacobian) NAME(row) NAME(predict_row)
    PyObject *type = PyType_FromSpec(&specification);
    if (type == NULL || PyModule_AddObjectRef(module, "Functions", type) < 0) {
        Py_XDECREF(type);
        return -1;
    }
    Py_DECREF(type);
    return 0;
}

static PyModuleDef_Slot slots_of_module[] = {
    {Py_mod_exec, (void *)executed},
#if PY_VERSION_HEX >= 0x030C0000
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
#ifdef Py_GIL_DISABLED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "symgraph_extension", "Calls of compiled models.", 0, NULL, slots_of_module, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_symgraph_extension(void)
{
    return PyModuleDef_Init(&definition);
}
