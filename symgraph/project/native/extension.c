// The public functions of a compiled model for CPython, in front of a binding.
//
// A call is taken here where w, X and y are exactly numpy.ndarray, all of float64 or all of float32, in the machine's byte order,
// aligned, row by row, and of shapes that fit; where weights of rows, if there are any, are such an array too, none of them 0;
// and where all labels are known; and, of a model that notes rows in doubt, where the bounds of their errors let all of them go.
// All other calls, wrong ones among them, are passed on to the binding as they came, so that there is one contract of arguments,
// and one of messages.
// The functions of the model are called by their addresses: this file is compiled once for an interpreter, whatever the model.

#define PY_SSIZE_T_CLEAN
#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/arrayscalars.h>

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "functions.h"

#ifdef Py_LIMITED_API
// A library that serves several versions of Python: the stable ABI has functions for what else are macros.
#define PyTuple_GET_SIZE PyTuple_Size
#define PyTuple_GET_ITEM PyTuple_GetItem
#define PyList_SET_ITEM PyList_SetItem
#define PyFloat_AS_DOUBLE PyFloat_AsDouble
#define PyArrayScalar_VAL(object, kind) (((Py##kind##ScalarObject *)(object))->obval)
#endif

#if defined _WIN32
#define SYMGRAPH_THREADS 0
#else
#define SYMGRAPH_THREADS 1
#include <pthread.h>
#endif

// rows from which on other threads may run meanwhile: letting them takes as long as some rows
#define MANY_ROWS 128
// bytes of the stack of a thread: some systems give less than a model of many weights takes
#define STACK 8388608
// rows that are compared with one label after the other
#define ROWS_AT_ONCE 256
// sums that are made side by side, as vector code
#define LANES 8
// rows whose errors are bounded at once
#define ROWS_BOUNDED 128
// pieces of so many rows in which is looked for what was noted, from which on that ends if it is in most of them
#define PIECES_SEARCHED 8
// partials of one row that need no memory of their own
#define FEW_WEIGHTS 64

typedef void function(void);
typedef double row_function(const double *w, const double *x, double y, double *grad);
typedef double output_function(const double *w, const double *x);
typedef double penalty_function(const double *w, double *grad);
typedef int noted_function(void);

typedef struct {
    PyObject_HEAD
    PyObject *binding, *total;
    npy_intp weights, features, targets, outputs, residuals, share;
    // what stands behind the weights; its float64
    PyObject *constants;
    // the labels of targets, and 1 if there are some; see label_table in runtime/target_values.py
    PyObject *labels;
    int has_labels;
    // a sum may be off by so much of itself through rows in doubt
    double allowed;
    // a list of those who count rows in doubt: while there are any, all calls are passed on
    PyObject *counted;
    // of float64 and of float32; NULL for a function that the model has not, or that is not compiled yet
    function *at[2][FUNCTIONS];
} Functions;

// the names of options and of functions, made once; other interpreters of this process are refused
static struct {
    PyObject *w, *X, *y, *threads, *reduction, *sample_weight, *mean, *sum;
    PyObject *value_and_grad, *loss, *grad, *row, *predict_row;
#define FIELD(function, wanted, kind, partials, doc) PyObject *function;
    EACH_BY_ROW(FIELD)
} names;

// The inputs that a function reads.
typedef enum { OUTPUTS, TARGETS, REDUCED } Kind;

typedef union {
    double of_64;
    float of_32;
} Number;

typedef struct {
    const void *w, *X, *y, *s;
    Number one_target;
    double total;
    npy_intp rows;
    long threads;
    int batch, single;
    PyObject *shares, *kept;
} Call;

static void let_go(Call *call)
{
    Py_XDECREF(call->shares);
    Py_XDECREF(call->kept);
}

static PyObject *pass_on(Functions *self, PyObject *name, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *method = PyObject_GetAttr(self->binding, name);
    if (method == NULL) {
        return NULL;
    }
#ifdef Py_LIMITED_API
    PyObject *positional = PyTuple_New(count), *named = PyDict_New();
    int whole = positional != NULL && named != NULL;
    for (Py_ssize_t i = 0; whole && i < count; i++) {
        PyTuple_SetItem(positional, i, Py_NewRef(args[i]));
    }
    for (Py_ssize_t i = 0; whole && keywords != NULL && i < PyTuple_Size(keywords); i++) {
        whole = PyDict_SetItem(named, PyTuple_GetItem(keywords, i), args[count + i]) == 0;
    }
    PyObject *result = whole ? PyObject_Call(method, positional, named) : NULL;
    Py_XDECREF(positional);
    Py_XDECREF(named);
#else
    PyObject *result = PyObject_Vectorcall(method, args, (size_t)count, keywords);
#endif
    Py_DECREF(method);
    return result;
}

// Tell if an object is an array of so many dimensions that C can read.
static int readable(PyObject *object, int dimensions, int type)
{
    if (object == NULL || !PyArray_CheckExact(object)) {
        return 0;
    }
    PyArrayObject *array = (PyArrayObject *)object;
    return PyArray_TYPE(array) == type && PyArray_NDIM(array) == dimensions && PyArray_ISCARRAY_RO(array)
        && PyArray_ISNOTSWAPPED(array);
}

static void *numbers(PyObject *array)
{
    return PyArray_DATA((PyArrayObject *)array);
}

static npy_intp size(PyObject *array, int dimension)
{
    return PyArray_DIM((PyArrayObject *)array, dimension);
}

static int is_number(PyObject *object)
{
    return object != NULL && (PyFloat_CheckExact(object) || Py_TYPE(object) == &PyDoubleArrType_Type
        || Py_TYPE(object) == &PyFloatArrType_Type);
}

static double number(PyObject *object)
{
    return Py_TYPE(object) == &PyFloatArrType_Type ? (double)PyArrayScalar_VAL(object, Float) : PyFloat_AS_DOUBLE(object);
}

// Read a number of some, which are floats or doubles.
static double number_at(const void *numbers, int single, npy_intp place)
{
    return single ? (double)((const float *)numbers)[place] : ((const double *)numbers)[place];
}

static void put(void *numbers, int single, npy_intp place, double value)
{
    if (single) {
        ((float *)numbers)[place] = (float)value;
    } else {
        ((double *)numbers)[place] = value;
    }
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

// Copy the weights of rows times a scale, in the precision of a call; tell if all copies are finite and larger than 0.
static int scaled(PyObject *weights, Call *call, double scale)
{
    const int from_single = PyArray_TYPE((PyArrayObject *)weights) == NPY_FLOAT, single = call->single;
    const void *from = numbers(weights);
    void *into = numbers(call->shares);
    // a number, so that the loops become vector code
    double odd = 0.0;
    for (npy_intp i = 0; i < call->rows; i++) {
        put(into, single, i, scale * number_at(from, from_single, i));
        const double share = number_at(into, single, i);
        odd = share > 0 && share <= DBL_MAX ? odd : 1.0;
    }
    return odd == 0.0;
}

// Read the weights of rows; tell if they are taken here, or -1 after an error. For a mean, they are scaled so that the largest
// is near 1.
static int weighted(Functions *self, PyObject *weights, int mean, Call *call)
{
    if (!call->batch || call->rows < 2 || (!readable(weights, 1, NPY_DOUBLE) && !readable(weights, 1, NPY_FLOAT))
        || size(weights, 0) != call->rows) {
        return 0;
    }
    const int single = PyArray_TYPE((PyArrayObject *)weights) == NPY_FLOAT;
    const void *numbers_of = numbers(weights);
    double largest = 0.0;
    for (npy_intp i = 0; mean && i < call->rows; i++) {
        const double s = number_at(numbers_of, single, i);
        largest = s > largest ? s : largest;
    }
    int exponent = 0;
    frexp(isfinite(largest) ? largest : 0.0, &exponent);
    if (abs(exponent) > 1000) {
        return 0; // the factor would be no normal number
    }
    call->shares = PyArray_SimpleNew(1, &call->rows, call->single ? NPY_FLOAT : NPY_DOUBLE);
    if (call->shares == NULL || !scaled(weights, call, ldexp(1.0, -exponent))) {
        return call->shares == NULL ? -1 : 0;
    }
    call->s = numbers(call->shares);
    call->total = 1.0;
    if (mean) {
        PyObject *total = PyObject_CallMethod(self->binding, "_total", "O", call->shares);
        call->total = total == NULL ? 0.0 : PyFloat_AsDouble(total);
        Py_XDECREF(total);
    }
    return PyErr_Occurred() ? -1 : 1;
}

// Put the constants of the model, if it has any, behind a copy of the weights; tell if there was memory.
static int followed_by_constants(const Functions *self, Call *call)
{
    npy_intp count = self->constants == NULL ? 0 : size(self->constants, 0), all = self->weights + count;
    if (count == 0) {
        return 1;
    }
    call->kept = PyArray_SimpleNew(1, &all, call->single ? NPY_FLOAT : NPY_DOUBLE);
    if (call->kept == NULL) {
        return 0;
    }
    const double *constants = numbers(self->constants);
    void *into = numbers(call->kept);
    memcpy(into, call->w, (size_t)self->weights * (call->single ? sizeof(float) : sizeof(double)));
    for (npy_intp i = 0; i < count; i++) {
        put(into, call->single, self->weights + i, constants[i]);
    }
    call->w = into;
    return 1;
}

// Tell if a target, one of some, has some labels alone, of which there are count or fewer, and NaN behind them.
static int has_labels(const Call *call, npy_intp target, npy_intp targets, const double *labels, npy_intp count)
{
    const int single = call->single;
    // numbers, so that the loops become vector code
    double odd = 0.0, others[ROWS_AT_ONCE];
    for (npy_intp start = 0; start < call->rows; start += ROWS_AT_ONCE) {
        const npy_intp left = call->rows - start, rows = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (npy_intp i = 0; i < rows; i++) {
            others[i] = 1.0;
        }
        for (npy_intp place = 0; place < count; place++) {
            for (npy_intp i = 0; i < rows; i++) {
                const double y = number_at(call->y, single, (start + i) * targets + target);
                others[i] = y == labels[place] ? 0.0 : others[i];
            }
        }
        for (npy_intp i = 0; i < rows; i++) {
            odd = others[i] == 0.0 ? odd : 1.0;
        }
    }
    return odd == 0.0;
}

// Tell if all targets that are labels have one of theirs.
static int allowed(const Functions *self, const Call *call)
{
    const npy_intp count = size(self->labels, 2), targets = self->targets;
    const double *labels = (const double *)numbers(self->labels) + (call->single ? targets * count : 0);
    for (npy_intp target = 0; target < targets; target++, labels += count) {
        if (!isnan(labels[0]) && !has_labels(call, target, targets, labels, count)) {
            return 0;
        }
    }
    return 1;
}

// Read the arguments of a call; tell if it is taken here, or -1 after an error. What it keeps is let go by the caller.
static int taken(Functions *self, Kind kind, Py_ssize_t places, PyObject *const *args, Py_ssize_t count, PyObject *keywords,
    Call *call)
{
    PyObject *given[3] = {NULL, NULL, NULL}, *weights = NULL;
    int mean = kind == REDUCED;
    memset(call, 0, sizeof *call);
    call->threads = 1;
    if (count > places || PyList_Size(self->counted) > 0) {
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
            call->threads = PyLong_AsLongAndOverflow(value, &overflow);
            fits = call->threads > 0;
        } else if (name == names.reduction && kind == REDUCED) {
            fits = value == names.mean || value == names.sum;
            mean = value == names.mean;
        } else if (name == names.sample_weight && kind == REDUCED) {
            fits = 1;
            weights = value;
        }
        if (!fits) {
            return 0;
        }
    }
    PyObject *w = given[0], *X = given[1], *y = given[2];
    call->single = readable(w, 1, NPY_FLOAT);
    const int type = call->single ? NPY_FLOAT : NPY_DOUBLE;
    if (!readable(w, 1, type) || size(w, 0) != self->weights) {
        return 0;
    }
    call->w = numbers(w);
    call->rows = 1;
    if (self->features == 0) {
        if (!is_absent(X) || (kind == OUTPUTS && !is_absent(y))) {
            return 0;
        }
    } else {
        call->batch = readable(X, 2, type) || (self->features == 1 && readable(X, 1, type));
        if (call->batch) {
            call->rows = size(X, 0);
        } else if (!readable(X, 1, type)) {
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
        const int wide = self->targets > 1;
        if (wide && !call->batch && readable(y, 1, type) && size(y, 0) == self->targets) {
            call->y = numbers(y);
        } else if (self->targets > 0 && readable(y, 1 + wide, type) && (!wide || size(y, 1) == self->targets)
            && (call->batch ? size(y, 0) == call->rows : self->features == 0)) {
            call->batch = 1;
            call->rows = size(y, 0);
            call->y = numbers(y);
        } else if (self->targets == 1 && is_number(y) && (!call->batch || (call->rows == 1 && PyArray_NDIM((PyArrayObject *)X) == 1))) {
            call->batch = 0; // the only feature of one row looks like a batch of one
            put(&call->one_target, call->single, 0, number(y));
            call->y = &call->one_target;
        } else if (self->targets > 0 || !is_absent(y)) {
            return 0;
        }
    }
    call->total = mean ? (double)call->rows : 1.0;
    if (call->rows == 0 || (call->threads > 1 && call->rows > self->share && !SYMGRAPH_THREADS)) {
        return 0;
    }
    if (self->has_labels && call->y != NULL && !allowed(self, call)) {
        return 0;
    }
    if (!followed_by_constants(self, call)) {
        return -1;
    }
    return is_absent(weights) ? 1 : weighted(self, weights, mean, call);
}

// The pieces of a call's rows, which threads share.
typedef struct {
    const Functions *self;
    const Call *call;
    Name name;
    // numbers for each row, or for each piece
    npy_intp width;
    void *result;
    npy_intp pieces, next;
    // of sums that may have rows in doubt, bounds of what these are off by, for each piece; else NULL
    double *errors;
    // whether there are such bounds; and whether a row is in doubt that has none
    int bounded, noted;
} Work;

static Work work_of(const Functions *self, const Call *call, Name name, npy_intp width)
{
    Work work;
    memset(&work, 0, sizeof work);
    work.self = self;
    work.call = call;
    work.name = name;
    work.width = width;
    work.pieces = (call->rows + self->share - 1) / self->share;
    return work;
}

// Compute a piece, in the precision of the call.
#define COMPUTES(real)                                                                                                \
    static void compute_##real(const Work *work, npy_intp piece, npy_intp start, size_t rows)                         \
    {                                                                                                                 \
        typedef void sums_function(const real *w, const real *X, const real *y, const real *s, size_t n, real *loss,  \
            real *grad);                                                                                              \
        typedef real sum_function(const real *w, const real *X, const real *y, const real *s, size_t n);              \
        typedef void rows_function(const real *w, const real *X, const real *y, size_t n, real *result);              \
        typedef void outputs_function(const real *w, const real *X, size_t n, real *result);                          \
        const Call *call = work->call;                                                                                \
        const real *w = call->w, *X = call->X, *y = call->y, *s = call->s;                                            \
        real *result = (real *)work->result;                                                                          \
        function *called = work->self->at[call->single][work->name];                                                  \
        X = X == NULL ? NULL : X + start * work->self->features;                                                      \
        y = y == NULL ? NULL : y + start * work->self->targets;                                                       \
        s = s == NULL ? NULL : s + start;                                                                             \
        if (work->name == VALUE_AND_GRAD) {                                                                           \
            real *part = result + piece * work->width;                                                                \
            ((sums_function *)called)(w, X, y, s, rows, part, part + 1);                                              \
        } else if (work->name == LOSS) {                                                                              \
            result[piece] = ((sum_function *)called)(w, X, y, s, rows);                                               \
        } else if (work->name == PREDICT || work->name == JACOBIAN) {                                                 \
            ((outputs_function *)called)(w, X, rows, result + start * work->width);                                   \
        } else {                                                                                                      \
            ((rows_function *)called)(w, X, y, rows, result + start * work->width);                                   \
        }                                                                                                             \
    }

COMPUTES(double)
COMPUTES(float)

// Tell if something is noted where some rows are computed again. There is one place for sums.
static int is_noted_again(const Work *work, npy_intp start, npy_intp rows, double *sums)
{
    noted_function *noted = (noted_function *)work->self->at[0][NOTED];
    Work again = *work;
    again.result = work->errors == NULL ? work->result : sums; // results of rows become what they are
    noted();
    compute_double(&again, 0, start, (size_t)rows);
    return noted();
}

// Look again at a piece in which something was noted: add up bounds of the errors of rows in doubt in its sums. Tell if there is
// such a row otherwise: in results of each row, or as the only one.
static int remains_in_doubt(Work *work, npy_intp piece, npy_intp start, npy_intp rows)
{
    typedef void doubts_function(const double *w, const double *X, const double *y, size_t n, double *doubts);
    typedef void output_doubts_function(const double *w, const double *X, size_t n, double *doubts);
    const Functions *self = work->self;
    const Call *call = work->call;
    const int of_residual = work->name == RESIDUAL || work->name == RESIDUAL_JACOBIAN;
    const int of_outputs = work->name == PREDICT || work->name == JACOBIAN || (of_residual && self->at[0][RESIDUAL_DOUBTS] == NULL);
    function *tells = self->at[0][of_outputs ? OUTPUT_DOUBTS : of_residual ? RESIDUAL_DOUBTS : DOUBTS];
    const npy_intp sums = of_outputs || of_residual ? 0 : 1 + self->weights;
    const npy_intp width = 2 + (of_outputs && self->at[0][FEATURE_JACOBIAN] != NULL) + sums;
    const int column = !(work->name == PREDICT || work->name == RESIDUAL || work->name == LOSS);
    double *table = tells == NULL || call->single ? NULL : malloc((size_t)(width * (1 + ROWS_BOUNDED)) * sizeof(double));
    double *const sums_again = table == NULL ? NULL : table + width * ROWS_BOUNDED;
    npy_intp searched = 0, found = 0;
    int remains = table == NULL;
    if (work->errors != NULL) {
        __atomic_store_n(&work->bounded, 1, __ATOMIC_RELAXED);
    }
    for (npy_intp first = start; first < start + rows && !remains; first += ROWS_BOUNDED) {
        const npy_intp left = start + rows - first, count = left < ROWS_BOUNDED ? left : ROWS_BOUNDED;
        const double *X = call->X == NULL ? NULL : (const double *)call->X + first * self->features;
        const double *y = call->y == NULL ? NULL : (const double *)call->y + first * self->targets;
        const double *s = call->s == NULL ? NULL : (const double *)call->s + first;
        if (rows > ROWS_BOUNDED && (searched < PIECES_SEARCHED || 2 * found < searched)) {
            searched++;
            if (!is_noted_again(work, first, count, sums_again)) {
                continue;
            }
            found++;
        }
        if (of_outputs) {
            ((output_doubts_function *)tells)(call->w, X, (size_t)count, table);
        } else {
            ((doubts_function *)tells)(call->w, X, y, (size_t)count, table);
        }
        for (npy_intp row = 0; row < count; row++) {
            const double *told = table + row * width, factor = s == NULL ? 1.0 : fabs(s[row]);
            if (told[column] == 0.0) {
                continue;
            }
            remains = work->errors == NULL || call->rows == 1;
            for (npy_intp i = 0; i < work->width && !remains; i++) {
                work->errors[piece * work->width + i] += factor * told[2 + i];
            }
        }
    }
    free(table);
    return remains;
}

static void compute(Work *work, npy_intp piece)
{
    const npy_intp share = work->self->share, start = piece * share, left = work->call->rows - start;
    const npy_intp rows = left < share ? left : share;
    noted_function *noted = (noted_function *)work->self->at[work->call->single][NOTED];
    if (noted != NULL) {
        noted(); // what came before is forgotten
    }
    for (npy_intp i = 0; work->errors != NULL && i < work->width; i++) {
        work->errors[piece * work->width + i] = 0.0;
    }
    (work->call->single ? compute_float : compute_double)(work, piece, start, (size_t)rows);
    if (noted != NULL && noted()) {
        if (remains_in_doubt(work, piece, start, rows)) {
            __atomic_store_n(&work->noted, 1, __ATOMIC_RELAXED);
        }
        noted();
    }
}

// Take the next piece, which no other thread then takes; tell if there was one.
static int next(Work *work, npy_intp *piece)
{
    *piece = __atomic_fetch_add(&work->next, 1, __ATOMIC_RELAXED);
    return *piece < work->pieces;
}

#if SYMGRAPH_THREADS
static void *compute_some(void *work)
{
    for (npy_intp piece; next(work, &piece);) {
        compute(work, piece);
    }
    return NULL;
}
#endif

// Compute all pieces, without Python's lock; between two of this thread, Ctrl-C may end the call.
static int computed(Work *work)
{
    const Call *call = work->call;
    if (work->pieces == 1) {
        PyThreadState *state = call->rows < MANY_ROWS ? NULL : PyEval_SaveThread();
        compute(work, 0);
        if (state != NULL) {
            PyEval_RestoreThread(state);
        }
        return 1;
    }
#if SYMGRAPH_THREADS
    const npy_intp wanted = (call->threads < work->pieces ? call->threads : work->pieces) - 1;
    pthread_t *others = PyMem_Malloc(sizeof *others * (size_t)(wanted + 1));
    pthread_attr_t wide;
    pthread_attr_init(&wide);
    pthread_attr_setstacksize(&wide, STACK);
    npy_intp started = 0;
    while (others != NULL && started < wanted && pthread_create(&others[started], &wide, compute_some, work) == 0) {
        started++;
    }
    pthread_attr_destroy(&wide);
#endif
    int ended = 0;
    for (npy_intp piece; next(work, &piece);) {
        PyThreadState *state = PyEval_SaveThread();
        compute(work, piece);
        PyEval_RestoreThread(state);
        if (PyErr_CheckSignals() < 0) {
            ended = 1;
            __atomic_store_n(&work->next, work->pieces, __ATOMIC_RELAXED); // no thread takes another
        }
    }
#if SYMGRAPH_THREADS
    PyThreadState *state = PyEval_SaveThread();
    while (started > 0) {
        pthread_join(others[--started], NULL);
    }
    PyEval_RestoreThread(state);
    PyMem_Free(others);
#endif
    return !ended;
}

// Add up the sums of pieces, count of each, rounded once.
static int add_up(const Work *work, double *sums)
{
    for (npy_intp i = 0; i < work->width; i++) {
        if (work->pieces == 1) {
            sums[i] = number_at(work->result, work->call->single, i);
            continue;
        }
        PyObject *list = PyList_New(work->pieces);
        for (npy_intp piece = 0; list != NULL && piece < work->pieces; piece++) {
            PyObject *part = PyFloat_FromDouble(number_at(work->result, work->call->single, piece * work->width + i));
            if (part == NULL) {
                Py_CLEAR(list);
            } else {
                PyList_SET_ITEM(list, piece, part);
            }
        }
        PyObject *sum = list == NULL ? NULL : PyObject_CallFunctionObjArgs(work->self->total, list, NULL);
        Py_XDECREF(list);
        if (sum == NULL) {
            return 0;
        }
        sums[i] = PyFloat_AsDouble(sum);
        Py_DECREF(sum);
    }
    return 1;
}

// Tell if what was computed is to be computed anew by the binding, since a row is in doubt or a number is not finite, of a model
// that notes the former.
static int is_doubtful(const Work *work, npy_intp count)
{
    const double *result = work->result;
    double odd[LANES] = {0.0}, all = 0.0;
    if (work->self->at[work->call->single][NOTED] == NULL || work->noted) {
        return work->noted;
    }
    npy_intp i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (int lane = 0; lane < LANES; lane++) {
            odd[lane] += 0.0 * result[i + lane]; // NaN from there on where it is not finite
        }
    }
    for (; i < count; i++) {
        all += 0.0 * result[i];
    }
    for (int lane = 0; lane < LANES; lane++) {
        all += odd[lane];
    }
    return all != 0.0;
}

// Tell if what sums are off by through rows in doubt, at most, is small beside them.
static int is_negligible(const Work *work, const double *sums)
{
    for (npy_intp i = 0; i < work->width && work->bounded; i++) {
        double error = 0.0;
        for (npy_intp piece = 0; piece < work->pieces; piece++) {
            error += work->errors[piece * work->width + i];
        }
        if (!(error <= work->self->allowed * fabs(sums[i]))) {
            return 0; // it may be NaN
        }
    }
    return 1;
}

// The loss, its gradient, or both; a sum that overflows, whose mean may not, is passed on, and so is a penalty beside weights of
// rows or in float32.
static PyObject *reduced(Functions *self, PyObject *name, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Call call;
    const int here = taken(self, REDUCED, 3, args, count, keywords, &call);
    penalty_function *penalty = (penalty_function *)self->at[0][PENALTY];
    if (here <= 0 || self->at[call.single][LOSS] == NULL || (penalty != NULL && (call.single || call.shares != NULL))) {
        let_go(&call);
        return here < 0 ? NULL : pass_on(self, name, args, count, keywords);
    }
    const Name wanted = name == names.loss ? LOSS : VALUE_AND_GRAD;
    const npy_intp width = wanted == LOSS ? 1 : 1 + self->weights;
    Work work = work_of(self, &call, wanted, width);
    // sums, those of pieces, a penalty and its partials, and bounds of the errors of pieces
    const npy_intp extra_at = (work.pieces + 1) * width, errors_at = extra_at + 1 + self->weights;
    double *sums = PyMem_Malloc((size_t)(errors_at + work.pieces * width) * sizeof(double));
    work.result = sums == NULL ? NULL : sums + width;
    work.errors = sums == NULL || self->at[call.single][NOTED] == NULL ? NULL : sums + errors_at;
    PyObject *grad = wanted == LOSS ? NULL : PyArray_SimpleNew(1, &self->weights, call.single ? NPY_FLOAT : NPY_DOUBLE);
    PyObject *result = NULL;
    if (sums == NULL) {
        PyErr_NoMemory();
    } else if ((grad != NULL || wanted == LOSS) && computed(&work) && add_up(&work, sums)) {
        int finite = 1;
        double *const extra = sums + extra_at, share = 1.0 / call.total;
        const int negligible = is_negligible(&work, sums);
        if (penalty != NULL) {
            extra[0] = penalty(call.w, extra + 1);
        }
        for (npy_intp i = 0; i < width; i++) {
            sums[i] = call.total == 1.0 ? sums[i] : sums[i] / call.total;
            finite = finite && isfinite(sums[i]);
            if (penalty != NULL) {
                sums[i] += share * extra[i];
            }
            if (i > 0) {
                put(numbers(grad), call.single, i - 1, sums[i]);
            }
        }
        if ((!finite && call.total != 1.0) || !negligible || is_doubtful(&work, work.pieces * width)) {
            result = pass_on(self, name, args, count, keywords);
        } else if (name == names.grad) {
            result = Py_NewRef(grad);
        } else {
            PyObject *loss = PyFloat_FromDouble(sums[0]);
            result = loss == NULL || wanted == LOSS ? Py_XNewRef(loss) : PyTuple_Pack(2, loss, grad);
            Py_XDECREF(loss);
        }
    }
    PyMem_Free(sums);
    Py_XDECREF(grad);
    let_go(&call);
    return result;
}

// Results of each row: a number for each column, or its partials by the weights; residuals follow one another row by row.
static PyObject *by_row(Functions *self, PyObject *name, Kind kind, int partials, Name wanted, PyObject *const *args,
    Py_ssize_t count, PyObject *keywords)
{
    Call call;
    const int here = taken(self, kind, wanted == PREDICT ? 2 : 3, args, count, keywords, &call);
    if (here <= 0 || self->at[call.single][wanted] == NULL) {
        let_go(&call);
        return here < 0 ? NULL : pass_on(self, name, args, count, keywords);
    }
    const int of_residual = wanted == RESIDUAL || wanted == RESIDUAL_JACOBIAN;
    const npy_intp columns = of_residual ? self->residuals : wanted == PER_SAMPLE_GRAD ? 1 : self->outputs;
    Number alone;
    npy_intp shape[3];
    int dimensions = 0;
    if (call.batch || (of_residual && columns > 1)) {
        shape[dimensions++] = call.rows * (of_residual ? columns : 1);
    }
    if (columns > 1 && !of_residual) {
        shape[dimensions++] = columns;
    }
    if (partials) {
        shape[dimensions++] = self->weights;
    }
    Work work = work_of(self, &call, wanted, columns * (partials ? self->weights : 1));
    work.result = &alone;
    PyObject *result = NULL;
    if (dimensions > 0) {
        result = PyArray_SimpleNew(dimensions, shape, call.single ? NPY_FLOAT : NPY_DOUBLE);
        work.result = result == NULL ? NULL : numbers(result);
    }
    const int done = work.result != NULL && computed(&work), doubtful = done && is_doubtful(&work, call.rows * work.width);
    let_go(&call);
    if (!done || doubtful) {
        Py_XDECREF(result);
        return doubtful ? pass_on(self, name, args, count, keywords) : NULL;
    }
    if (result == NULL) {
        PyArray_Descr *type = PyArray_DescrFromType(call.single ? NPY_FLOAT : NPY_DOUBLE);
        result = PyArray_Scalar(&alone, type, NULL);
        Py_DECREF(type);
    }
    return result;
}

#define REDUCING(function)                                                                                            \
    static PyObject *function(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)            \
    {                                                                                                                 \
        return reduced((Functions *)self, names.function, args, count, keywords);                                     \
    }
#define BY_ROW(function, wanted, kind, partials, doc)                                                                 \
    static PyObject *function(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)            \
    {                                                                                                                 \
        return by_row((Functions *)self, names.function, kind, partials, wanted, args, count, keywords);              \
    }

REDUCING(value_and_grad)
REDUCING(loss)
REDUCING(grad)
EACH_BY_ROW(BY_ROW)

// A search for the least sum of squares of a model's residuals, all of its weights being free.
typedef struct {
    const Functions *self;
    Call call;
    const double *sigma; // of each residual, or NULL
    npy_intp k, rows;
    double *w, *tried, *r, *tried_r, *J, *table, *small, *scale, *unit, *step;
    double squares;
    long calls, derivatives;
    int noted; // whether a row was in doubt, which ends the search
} Search;

typedef enum { NOT_FINITE, SINGULAR, REGULAR } Rank;

// Tell if the search ends here, by a row in doubt, by Ctrl-C or by an error before.
static int interrupted(const Search *search)
{
    return search->noted || PyErr_Occurred() != NULL || PyErr_CheckSignals() < 0;
}

// Compute what a search asks for; tell if that came to an end.
static int computed_for(Search *search, Work *work)
{
    const int done = computed(work);
    search->noted = search->noted || (done && is_doubtful(work, work->call->rows * work->width));
    return done;
}

// Compute the residuals at weights, with the constants behind them, into a place; their squares, or HUGE_VAL.
static double squares_at(Search *search, const double *w, double *r)
{
    Work work = work_of(search->self, &search->call, RESIDUAL, search->self->residuals);
    search->call.w = w;
    work.result = r;
    search->calls++;
    double squares = 0.0;
    if (!computed_for(search, &work)) {
        return HUGE_VAL;
    }
    for (npy_intp i = 0; i < search->rows; i++) {
        r[i] = search->sigma == NULL ? r[i] : r[i] / search->sigma[i];
        squares += r[i] * r[i];
    }
    return isfinite(squares) ? squares : HUGE_VAL;
}

// Make a table of rows by columns, column after column, an upper triangle, by Householder's reflections.
static void triangle(double *table, npy_intp rows, npy_intp columns)
{
    for (npy_intp j = 0; j < columns && j + 1 < rows; j++) {
        double *pivot = table + j * rows, length = 0.0;
        for (npy_intp i = j; i < rows; i++) {
            length += pivot[i] * pivot[i];
        }
        length = pivot[j] > 0.0 ? -sqrt(length) : sqrt(length);
        const double first = pivot[j] - length;
        for (npy_intp c = j + 1; c < columns && length != 0.0; c++) {
            double *other = table + c * rows, product = first * other[j];
            for (npy_intp i = j + 1; i < rows; i++) {
                product += pivot[i] * other[i];
            }
            product /= length * first;
            other[j] += product * first;
            for (npy_intp i = j + 1; i < rows; i++) {
                other[i] += product * pivot[i];
            }
        }
        pivot[j] = length;
    }
}

// Solve a triangle for the step that takes its last column away; tell if it is finite.
static int solved(const double *table, npy_intp rows, npy_intp k, double *step)
{
    int finite = 1;
    for (npy_intp i = k - 1; i >= 0; i--) {
        double rest = table[k * rows + i];
        for (npy_intp j = i + 1; j < k; j++) {
            rest += table[j * rows + i] * step[j];
        }
        step[i] = -rest / table[i * rows + i];
        finite = finite && isfinite(step[i]);
    }
    return finite;
}

// Divide a column by the power of two at its greatest number, which rounds nothing, so that no square of it leaves the range of
// floats; return what it was multiplied by.
static double in_own_unit(double *column, npy_intp rows)
{
    double greatest = 0.0;
    for (npy_intp i = 0; i < rows; i++) {
        greatest = fabs(column[i]) > greatest ? fabs(column[i]) : greatest;
    }
    const double unit = greatest > 0.0 && isfinite(greatest) ? ldexp(1.0, -ilogb(greatest)) : 1.0;
    if (!isfinite(unit)) {
        return 1.0; // of a column of the least numbers that there are
    }
    for (npy_intp i = 0; i < rows; i++) {
        column[i] *= unit;
    }
    return unit;
}

// Linearize the residuals at the weights: the triangle of their derivatives, each column in a unit of its own, with the residuals
// as the last column. Keep the greatest lengths of columns; tell if all is finite, and no column a sum of those before within
// rounding.
static Rank linearized(Search *search)
{
    const npy_intp k = search->k, rows = search->rows;
    Work work = work_of(search->self, &search->call, RESIDUAL_JACOBIAN, search->self->residuals * k);
    search->call.w = search->w;
    work.result = search->J;
    search->derivatives++;
    Rank rank = computed_for(search, &work) ? REGULAR : NOT_FINITE;
    PyThreadState *state = rows < MANY_ROWS ? NULL : PyEval_SaveThread();
    for (npy_intp i = 0; i < rows; i++) {
        for (npy_intp j = 0; j < k; j++) {
            const double slope = search->J[i * k + j];
            search->table[j * rows + i] = search->sigma == NULL ? slope : slope / search->sigma[i];
        }
    }
    for (npy_intp j = 0; j < k; j++) {
        search->unit[j] = in_own_unit(search->table + j * rows, rows);
    }
    memcpy(search->table + k * rows, search->r, (size_t)rows * sizeof(double));
    triangle(search->table, rows, k + 1);
    if (state != NULL) {
        PyEval_RestoreThread(state);
    }
    for (npy_intp j = 0; j < k; j++) {
        double length = 0.0;
        for (npy_intp i = 0; i <= j; i++) {
            length += search->table[j * rows + i] * search->table[j * rows + i];
        }
        length = sqrt(length);
        if (!isfinite(length)) {
            return NOT_FINITE;
        }
        if (fabs(search->table[j * rows + j]) <= (double)rows * DBL_EPSILON * length) {
            rank = SINGULAR;
        }
        length /= search->unit[j];
        search->scale[j] = length > search->scale[j] ? length : search->scale[j];
    }
    return rank;
}

static double length_of(const double *numbers, const double *scale, npy_intp count)
{
    double sum = 0.0;
    for (npy_intp j = 0; j < count; j++) {
        const double one = scale == NULL ? numbers[j] : numbers[j] * scale[j];
        sum += one * one;
    }
    return sqrt(sum);
}

static int any_of(const double *numbers, npy_intp count)
{
    npy_intp i = 0;
    while (i < count && numbers[i] == 0.0) {
        i++;
    }
    return i < count;
}

// Go on to the weights that were tried, whose residuals have these squares.
static void accepted(Search *search, double squares)
{
    memcpy(search->w, search->tried, (size_t)search->k * sizeof(double));
    memcpy(search->r, search->tried_r, (size_t)search->rows * sizeof(double));
    search->squares = squares;
}

// Turn a step in the units of the columns into one of the weights.
static void in_units_of_weights(Search *search)
{
    for (npy_intp j = 0; j < search->k; j++) {
        search->step[j] *= search->unit[j];
    }
}

// Solve the step that makes the linearized squares, and those of the step times the damping and the scale, least.
// Return by how much the linearized squares fall.
static double damped(Search *search, double damping)
{
    const npy_intp k = search->k, rows = search->rows, both = 2 * k;
    memset(search->small, 0, (size_t)(both * (k + 1)) * sizeof(double));
    for (npy_intp j = 0; j <= k; j++) {
        memcpy(search->small + j * both, search->table + j * rows, (size_t)(j < k ? j + 1 : k) * sizeof(double));
        if (j < k) {
            search->small[j * both + k + j] = sqrt(damping) * (search->scale[j] > 0.0 ? search->scale[j] * search->unit[j] : 1.0);
        }
    }
    triangle(search->small, both, k + 1);
    solved(search->small, both, k, search->step);
    double falls = 0.0;
    for (npy_intp i = 0; i < k; i++) {
        double along = 0.0;
        for (npy_intp j = i; j < k; j++) {
            along += search->table[j * rows + i] * search->step[j];
        }
        falls += along * along;
    }
    in_units_of_weights(search);
    return falls + 2.0 * damping * pow(length_of(search->step, search->scale, k), 2.0);
}

// Search by Levenberg and Marquardt's method, the damping following the gain (K. Madsen, H. B. Nielsen and O. Tingleff, Methods
// for non-linear least squares problems, 2004, section 3.2). The ends have the numbers that MINPACK gives them.
static int searched(Search *search, double tolerance, long most)
{
    const npy_intp k = search->k;
    double damping = 1e-3, growth = 2.0;
    while (search->calls < most) {
        if (interrupted(search) || linearized(search) == NOT_FINITE) {
            return 0;
        }
        int flat = 1, moves = 0;
        for (npy_intp j = 0; j < k; j++) {
            const double *column = search->table + j * search->rows, *residuals = search->table + k * search->rows;
            double slope = 0.0;
            for (npy_intp i = 0; i <= j; i++) {
                slope += column[i] * residuals[i];
            }
            flat = flat && fabs(slope) <= tolerance * search->scale[j] * search->unit[j] * sqrt(search->squares);
        }
        if (flat) {
            return 4;
        }
        while (!moves) {
            const double falls = damped(search, damping);
            for (npy_intp j = 0; j < k; j++) {
                search->tried[j] = search->w[j] + search->step[j];
            }
            const double after = squares_at(search, search->tried, search->tried_r), gain = search->squares - after;
            if (interrupted(search)) {
                return 0;
            }
            const double small = tolerance * search->squares;
            int end = fabs(gain) <= small && falls <= small && gain <= 2.0 * falls;
            end += length_of(search->step, search->scale, k) <= tolerance * length_of(search->w, search->scale, k) ? 2 : 0;
            moves = gain > 0.0;
            if (moves) {
                accepted(search, after);
                const double ratio = gain / falls, smaller = 1.0 - pow(2.0 * ratio - 1.0, 3.0);
                damping *= smaller > 0.1 ? smaller : 0.1;
                growth = 2.0;
            } else {
                damping *= growth;
                growth *= 2.0;
            }
            if (end > 0 || growth > 1e12 || search->calls >= most) {
                return end > 0 ? end : growth > 1e12 ? 7 : 5;
            }
        }
    }
    return 5;
}

// Make room for a search from weights over X, y and sigma, the second to fourth of the arguments; tell if they are taken here.
static int prepared(Search *search, Functions *self, PyObject *w, PyObject *const *args)
{
    PyObject *const given[] = {w, args[1], args[2]};
    memset(search, 0, sizeof *search);
    const int here = taken(self, TARGETS, 3, given, 3, NULL, &search->call);
    const npy_intp k = self->weights, rows = search->call.rows * self->residuals;
    if (here <= 0 || search->call.single || !search->call.batch || self->at[0][RESIDUAL] == NULL || rows < k
        || self->at[0][RESIDUAL_JACOBIAN] == NULL
        || (args[3] != Py_None && (!readable(args[3], 1, NPY_DOUBLE) || size(args[3], 0) != rows))) {
        let_go(&search->call);
        return 0;
    }
    const npy_intp all = k + (self->constants == NULL ? 0 : size(self->constants, 0));
    double *room = PyMem_Calloc((size_t)(2 * all + 2 * rows + rows * k + rows * (k + 1) + 2 * k * (k + 1) + 3 * k), sizeof *room);
    if (room == NULL) {
        let_go(&search->call);
        PyErr_NoMemory();
        return 0;
    }
    search->self = self;
    search->k = k;
    search->rows = rows;
    search->sigma = args[3] == Py_None ? NULL : numbers(args[3]);
    search->w = room;
    search->tried = search->w + all;
    search->r = search->tried + all;
    search->tried_r = search->r + rows;
    search->J = search->tried_r + rows;
    search->table = search->J + rows * k;
    search->small = search->table + rows * (k + 1);
    search->scale = search->small + 2 * k * (k + 1);
    search->unit = search->scale + k;
    search->step = search->unit + k;
    memcpy(search->w, search->call.w, (size_t)all * sizeof(double));
    memcpy(search->tried, search->call.w, (size_t)all * sizeof(double));
    return 1;
}

// Take (w, X, y, sigma or None, tolerance, most calls); return weights, squares, how it ended, calls, calls of derivatives, or
// None for arguments that are not taken here, or where a row is in doubt.
static PyObject *least_squares(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Functions *self = (Functions *)object;
    Search search;
    if (count != 6) {
        PyErr_SetString(PyExc_TypeError, "least_squares takes w, X, y, sigma, tolerance and the most calls");
        return NULL;
    }
    const double tolerance = PyFloat_AsDouble(args[4]);
    const long most = PyLong_AsLong(args[5]);
    if (PyErr_Occurred() || !prepared(&search, self, args[0], args)) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    const npy_intp k = search.k;
    PyObject *found = PyArray_SimpleNew(1, &self->weights, NPY_DOUBLE);
    if (found == NULL) {
        PyMem_Free(search.w);
        let_go(&search.call);
        return NULL;
    }
    search.squares = squares_at(&search, search.w, search.r);
    int end = isfinite(search.squares) ? searched(&search, tolerance, most) : 0;
    if (search.squares < DBL_MIN && any_of(search.r, search.rows)) {
        end = 0; // the squares are too small for floats to tell one from another
    }
    for (npy_intp j = 0; j < k; j++) {
        end = search.scale[j] > 0.0 ? end : 0; // a weight that counts for nothing, or whose squared slopes are too small
    }
    memcpy(numbers(found), search.w, (size_t)k * sizeof(double));
    PyMem_Free(search.w);
    let_go(&search.call);
    if (PyErr_Occurred() || search.noted) {
        Py_DECREF(found);
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    return Py_BuildValue("Ndill", found, search.squares, end, search.calls, search.derivatives);
}

// Solve the weights in which the residuals are linear, by their places, with the others as they are; one that adds nothing to
// those before it becomes 0. Return the squares there; HUGE_VAL where something is not finite.
static double linear_solved(Search *search, const npy_intp *linear, npy_intp count)
{
    const npy_intp rows = search->rows;
    for (npy_intp c = 0; c < count; c++) {
        search->w[linear[c]] = 0.0;
    }
    if (!isfinite(squares_at(search, search->w, search->r)) || count == 0) {
        return count == 0 ? squares_at(search, search->w, search->r) : HUGE_VAL;
    }
    Work work = work_of(search->self, &search->call, RESIDUAL_JACOBIAN, search->self->residuals * search->k);
    search->call.w = search->w;
    work.result = search->J;
    if (!computed_for(search, &work)) {
        return HUGE_VAL;
    }
    for (npy_intp c = 0; c < count; c++) {
        for (npy_intp i = 0; i < rows; i++) {
            const double slope = search->J[i * search->k + linear[c]];
            search->table[c * rows + i] = search->sigma == NULL ? slope : slope / search->sigma[i];
        }
        search->unit[c] = in_own_unit(search->table + c * rows, rows);
    }
    memcpy(search->table + count * rows, search->r, (size_t)rows * sizeof(double));
    triangle(search->table, rows, count + 1);
    for (npy_intp c = count - 1; c >= 0; c--) {
        const double *column = search->table + c * rows;
        double rest = search->table[count * rows + c];
        for (npy_intp j = c + 1; j < count; j++) {
            rest += search->table[j * rows + c] * search->step[j];
        }
        const int counts = fabs(column[c]) > (double)rows * DBL_EPSILON * length_of(column, NULL, c + 1);
        search->step[c] = counts ? -rest / column[c] : 0.0;
        search->w[linear[c]] = search->step[c] * search->unit[c];
    }
    return squares_at(search, search->w, search->r);
}

// Take (starts, X, y, sigma or None, places of linear weights), starts being (m, k); solve the linear weights of each start, and
// return the squares of each, (m,), or None for arguments that are not taken here, or where a row is in doubt.
static PyObject *solve_linear(PyObject *object, PyObject *const *args, Py_ssize_t count)
{
    Functions *self = (Functions *)object;
    if (count != 5 || !readable(args[0], 2, NPY_DOUBLE) || !PyArray_ISWRITEABLE((PyArrayObject *)args[0])
        || !readable(args[4], 1, NPY_INTP) || size(args[0], 0) == 0) {
        PyErr_SetString(PyExc_TypeError, "solve_linear takes starts, X, y, sigma and the places of linear weights");
        return NULL;
    }
    const npy_intp many = size(args[0], 0), linear = size(args[4], 0);
    PyObject *first = PyArray_SimpleNewFromData(1, &self->weights, NPY_DOUBLE, numbers(args[0]));
    PyObject *found = PyArray_SimpleNew(1, &many, NPY_DOUBLE);
    Search search;
    if (first == NULL || found == NULL || size(args[0], 1) != self->weights || !prepared(&search, self, first, args)) {
        Py_XDECREF(first);
        Py_XDECREF(found);
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    double *starts = numbers(args[0]), *squares = numbers(found);
    for (npy_intp start = 0; start < many && !interrupted(&search); start++) {
        double *weights = starts + start * self->weights;
        memcpy(search.w, weights, (size_t)self->weights * sizeof(double));
        squares[start] = linear_solved(&search, numbers(args[4]), linear);
        memcpy(weights, search.w, (size_t)self->weights * sizeof(double));
    }
    PyMem_Free(search.w);
    let_go(&search.call);
    Py_DECREF(first);
    if (PyErr_Occurred() || search.noted) {
        Py_DECREF(found);
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    return found;
}

static int is_a_row(Functions *self, PyObject *const *args)
{
    return readable(args[0], 1, NPY_DOUBLE) && size(args[0], 0) == self->weights && readable(args[1], 1, NPY_DOUBLE)
        && size(args[1], 0) == self->features;
}

static int is_allowed(const Functions *self, double y)
{
    Call call;
    memset(&call, 0, sizeof call);
    call.rows = 1;
    call.y = &y;
    return allowed(self, &call);
}

static PyObject *row(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Functions *self = (Functions *)object;
    PyObject *into = count == 4 ? args[3] : NULL;
    const size_t bytes = (size_t)self->weights * sizeof(double);
    if (self->at[0][ROW] == NULL || into == NULL || keywords != NULL || !is_a_row(self, args) || !is_number(args[2])
        || !readable(into, 1, NPY_DOUBLE) || !PyArray_ISWRITEABLE((PyArrayObject *)into) || size(into, 0) < self->weights
        || (self->has_labels && !is_allowed(self, number(args[2])))) {
        return pass_on(self, names.row, args, count, keywords);
    }
    // what is written may be one of the arguments
    double few[FEW_WEIGHTS], *partials = self->weights > FEW_WEIGHTS ? PyMem_Malloc(bytes) : few;
    if (partials == NULL) {
        return PyErr_NoMemory();
    }
    const double loss_of_row
        = ((row_function *)self->at[0][ROW])(numbers(args[0]), numbers(args[1]), number(args[2]), partials);
    memcpy(numbers(into), partials, bytes);
    if (partials != few) {
        PyMem_Free(partials);
    }
    return PyFloat_FromDouble(loss_of_row);
}

static PyObject *predict_row(PyObject *object, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    Functions *self = (Functions *)object;
    if (self->at[0][PREDICT_ROW] == NULL || count != 2 || keywords != NULL || !is_a_row(self, args)) {
        return pass_on(self, names.predict_row, args, count, keywords);
    }
    return PyFloat_FromDouble(((output_function *)self->at[0][PREDICT_ROW])(numbers(args[0]), numbers(args[1])));
}

// Take the addresses of a model's functions, 0 for one that it has not, in float64 or in float32.
static PyObject *take(PyObject *self, PyObject *args)
{
    int single;
    PyObject *given;
    if (!PyArg_ParseTuple(args, "pO!", &single, &PyTuple_Type, &given)) {
        return NULL;
    }
    for (int name = 0; name < FUNCTIONS; name++) { // none for those that are not given
        const int is_given = name < PyTuple_Size(given);
        const unsigned long long at = is_given ? PyLong_AsUnsignedLongLong(PyTuple_GET_ITEM(given, name)) : 0;
        if (PyErr_Occurred()) {
            return NULL;
        }
        ((Functions *)self)->at[single][name] = (function *)(uintptr_t)at;
    }
    Py_RETURN_NONE;
}

// Make an object with the same functions before another binding, which has other constants.
static PyObject *before(PyObject *object, PyObject *args)
{
    PyObject *binding, *constants;
    if (!PyArg_ParseTuple(args, "OO!", &binding, &PyArray_Type, &constants)) {
        return NULL;
    }
    Functions *self = (Functions *)object, *other = (Functions *)PyType_GenericAlloc(Py_TYPE(object), 0);
    if (other == NULL) {
        return NULL;
    }
    memcpy((char *)other + sizeof(PyObject), (char *)self + sizeof(PyObject), sizeof *other - sizeof(PyObject));
    other->binding = Py_NewRef(binding);
    other->constants = Py_NewRef(constants);
    Py_INCREF(other->total);
    Py_INCREF(other->labels);
    Py_INCREF(other->counted);
    return (PyObject *)other;
}

static PyObject *made(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    PyObject *binding, *total, *constants;
    Py_ssize_t weights, features, targets, outputs, residuals, share;
    double allowed = 0.0;
    static char *none[] = {"", "", "", "", "", "", "", "", "", "", NULL};
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "OOO!nnnnnn|d", none, &binding, &total, &PyArray_Type, &constants, &weights, &features, &targets,
            &outputs, &residuals, &share, &allowed)) {
        return NULL;
    }
    Functions *self = (Functions *)PyType_GenericAlloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->labels = PyObject_GetAttrString(binding, "_labels");
    if (self->labels == NULL || !readable(self->labels, 3, NPY_DOUBLE)) {
        PyErr_SetString(PyExc_TypeError, "a binding has _labels, an array of three dimensions");
        Py_DECREF(self);
        return NULL;
    }
    self->has_labels = size(self->labels, 2) > 0;
    self->counted = PyObject_GetAttrString(binding, "counted");
    if (self->counted == NULL) { // one that notes no rows in doubt, as in a wheel of a model
        PyErr_Clear();
        self->counted = PyList_New(0);
    }
    if (self->counted == NULL || !PyList_CheckExact(self->counted)) {
        PyErr_SetString(PyExc_TypeError, "what counts rows in doubt is a list");
        Py_DECREF(self);
        return NULL;
    }
    self->binding = Py_NewRef(binding);
    self->total = Py_NewRef(total);
    self->weights = weights;
    self->features = features;
    self->constants = Py_NewRef(constants);
    self->targets = targets;
    self->outputs = outputs;
    self->residuals = residuals;
    self->share = share;
    self->allowed = allowed;
    return (PyObject *)self;
}

static int visited(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Functions *)self)->binding);
    Py_VISIT(((Functions *)self)->total);
    Py_VISIT(((Functions *)self)->constants);
    Py_VISIT(((Functions *)self)->labels);
    Py_VISIT(((Functions *)self)->counted);
    return 0;
}

static int cleared(PyObject *self)
{
    Py_CLEAR(((Functions *)self)->binding);
    Py_CLEAR(((Functions *)self)->total);
    Py_CLEAR(((Functions *)self)->constants);
    Py_CLEAR(((Functions *)self)->labels);
    Py_CLEAR(((Functions *)self)->counted);
    return 0;
}

static void freed(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    cleared(self);
    PyObject_GC_Del(self);
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
    return PyObject_CallMethod(((Functions *)self)->binding, "reduced_front", NULL);
}

#define OPTIONS "*, sample_weight=None, reduction='mean', threads=1)\n--\n\n"
#define METHOD(name, doc) {#name, (PyCFunction)(void (*)(void))name, METH_FASTCALL | METH_KEYWORDS, #name doc}

static PyMethodDef methods[] = {
    METHOD(value_and_grad, "($self, w, X=None, y=None, " OPTIONS "Compute the reduced loss and its gradient."),
    METHOD(loss, "($self, w, X=None, y=None, " OPTIONS "Compute the reduced loss."),
    METHOD(grad, "($self, w, X=None, y=None, " OPTIONS "Compute the gradient of the reduced loss."),
#define ROWS_METHOD(function, wanted, kind, partials, doc) METHOD(function, doc),
    EACH_BY_ROW(ROWS_METHOD)
    METHOD(row, "($self, w, x, y, grad)\n--\n\nCompute the loss of one row, and write its partials into grad."),
    METHOD(predict_row, "($self, w, x)\n--\n\nCompute the output of one row."),
    {"least_squares", (PyCFunction)(void (*)(void))least_squares, METH_FASTCALL, "Search the least sum of squares."},
    {"solve_linear", (PyCFunction)(void (*)(void))solve_linear, METH_FASTCALL, "Solve the linear weights of many starts."},
    {"take", take, METH_VARARGS, "Take the addresses of functions, in float64 or in float32."},
    {"before", before, METH_VARARGS, "Make the same functions before another binding, with other constants."},
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
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) != 0) {
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
    NAME(value_and_grad) NAME(loss) NAME(grad) NAME(row) NAME(predict_row)
#define ROWS_NAME(function, wanted, kind, partials, doc) NAME(function)
    EACH_BY_ROW(ROWS_NAME)
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
#ifdef Py_mod_multiple_interpreters
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
